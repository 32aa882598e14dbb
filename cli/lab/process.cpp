#include "cli/lab/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

// glibc 2.36 forgot to say that these two are C.
extern "C" {
#include <sys/pidfd.h>
}

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fstream>
#include <sstream>
#include <system_error>

#include "cli/owned_descriptor.h"

namespace vpcwall {
namespace {

constexpr std::size_t max_output = std::size_t{1} << 20U;

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

// What posix_spawn is told: which descriptors the child has, and that signals are as for any new program.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  void own_session() { flags_ |= POSIX_SPAWN_SETSID; }
  void use(int descriptor, int as) { posix_spawn_file_actions_adddup2(&actions_, descriptor, as); }
  void open(int as, const char* path, int how) {
    posix_spawn_file_actions_addopen(&actions_, as, path, how, 0644);
  }

  pid_t start(const std::vector<std::string>& arguments) {
    std::vector<char*> vector;
    vector.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments) vector.push_back(const_cast<char*>(argument.c_str()));
    vector.push_back(nullptr);
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    posix_spawnattr_setflags(&attributes_, static_cast<short>(flags_));
    pid_t pid = 0;
    const int error = posix_spawnp(&pid, vector.front(), &actions_, &attributes_, vector.data(), environ);
    if (error != 0) fail(error, arguments.front());
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  int flags_ = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
};

// A file in memory rather than a pipe: a program that writes before it reads cannot block us.
OwnedDescriptor as_input(std::string_view text) {
  OwnedDescriptor file{::memfd_create("input", MFD_CLOEXEC)};
  if (!file) fail(errno, "memfd_create");
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0) fail(errno, "memfd");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

std::string read_to_end(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count == 0) return text;
    if (count < 0 && errno != EINTR) fail(errno, "reading a program's output");
    if (count > 0 && text.size() < max_output) text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

int wait_for_end(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) fail(errno, "waitpid");
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

template <class Number>
const char* parse_number(const char* from, const char* end, Number& number) noexcept {
  const auto [next, error] = std::from_chars(from, end, number);
  return error == std::errc{} ? next : nullptr;
}

// The identity is checked after the descriptor is open: from then on the descriptor can only mean this
// process.
OwnedDescriptor open_process(const ProcessIdentity& process) {
  OwnedDescriptor descriptor{::pidfd_open(process.pid, 0)};
  if (!descriptor || identify(process.pid) != process) return {};
  return descriptor;
}

// A pid descriptor becomes readable when its process ends. True if it did.
bool has_ended(int descriptor, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd entry{descriptor, POLLIN, 0};
    const int ready = ::poll(&entry, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) fail(errno, "poll");
  }
}

}  // namespace

FinishedProgram run_to_end(const std::vector<std::string>& arguments, std::string_view input) {
  const OwnedDescriptor stdin_file = as_input(input);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail(errno, "pipe");
  const OwnedDescriptor reading{ends[0]};
  OwnedDescriptor writing{ends[1]};

  SpawnPlan plan;
  plan.use(stdin_file.get(), STDIN_FILENO);
  plan.use(writing.get(), STDOUT_FILENO);
  plan.use(writing.get(), STDERR_FILENO);
  const pid_t pid = plan.start(arguments);
  writing.close();

  FinishedProgram result;
  result.output = read_to_end(reading.get());
  result.exit_status = wait_for_end(pid);
  return result;
}

pid_t start_program(const std::vector<std::string>& arguments, const std::string& log) {
  SpawnPlan plan;
  plan.own_session();
  plan.open(STDIN_FILENO, "/dev/null", O_RDONLY);
  plan.open(STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND);
  plan.use(STDOUT_FILENO, STDERR_FILENO);
  return plan.start(arguments);
}

std::optional<ProcessStat> parse_process_stat(std::string_view text) noexcept {
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 >= text.size()) return std::nullopt;
  // Behind the name: state (field 3), parent (4), …, start time (22), each after one space.
  const char* at = text.data() + name_end + 2;
  const char* const end = text.data() + text.size();
  ProcessStat stat;
  stat.state = *at++;
  for (int field = 4; field <= 22; ++field) {
    if (at == end || *at != ' ') return std::nullopt;
    ++at;
    if (field == 4) {
      at = parse_number(at, end, stat.parent);
    } else if (field == 22) {
      at = parse_number(at, end, stat.started);
    } else {
      while (at != end && *at != ' ') ++at;
    }
    if (at == nullptr) return std::nullopt;
  }
  return stat;
}

std::optional<ProcessStat> read_process_stat(pid_t pid) {
  const std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::ostringstream text;
  text << file.rdbuf();  // a process that has ended meanwhile leaves it empty
  return parse_process_stat(text.str());
}

std::optional<ProcessIdentity> identify(pid_t pid) {
  const auto stat = read_process_stat(pid);
  if (!stat || stat->state == 'Z' || stat->state == 'X') return std::nullopt;
  return ProcessIdentity{pid, stat->started};
}

bool is_alive(const ProcessIdentity& process) { return identify(process.pid) == process; }

std::string to_string(const ProcessIdentity& process) {
  return std::to_string(process.pid) + ' ' + std::to_string(process.started) + '\n';
}

std::optional<ProcessIdentity> parse_process_identity(std::string_view text) noexcept {
  const char* const end = text.data() + text.size();
  ProcessIdentity process;
  const char* at = parse_number(text.data(), end, process.pid);
  if (at == nullptr || at == end || *at != ' ') return std::nullopt;
  at = parse_number(at + 1, end, process.started);
  if (at == nullptr || process.pid <= 1) return std::nullopt;
  return at == end || (at + 1 == end && *at == '\n') ? std::optional{process} : std::nullopt;
}

bool send_signal(const ProcessIdentity& process, int signal) {
  const OwnedDescriptor descriptor = open_process(process);
  return descriptor && ::pidfd_send_signal(descriptor.get(), signal, nullptr, 0) == 0;
}

void end_processes(const std::vector<ProcessIdentity>& processes, std::chrono::milliseconds grace) {
  struct Target {
    ProcessIdentity process;
    OwnedDescriptor descriptor;
  };
  std::vector<Target> targets;
  for (const ProcessIdentity& process : processes) {
    if (OwnedDescriptor descriptor = open_process(process))
      targets.push_back({process, std::move(descriptor)});
  }
  for (const Target& target : targets) ::pidfd_send_signal(target.descriptor.get(), SIGTERM, nullptr, 0);
  const auto deadline = std::chrono::steady_clock::now() + grace;
  constexpr std::chrono::seconds death{10};  // a killed process may have to finish what it does in the kernel
  for (const Target& target : targets) {
    if (!has_ended(target.descriptor.get(), deadline)) {
      ::pidfd_send_signal(target.descriptor.get(), SIGKILL, nullptr, 0);
      if (!has_ended(target.descriptor.get(), std::chrono::steady_clock::now() + death)) {
        throw std::runtime_error("process " + std::to_string(target.process.pid) + " does not end");
      }
    }
    ::waitpid(target.process.pid, nullptr,
              WNOHANG);  // if it is a child of ours; else it is none of our business
  }
}

}  // namespace vpcwall

#include "cli/lab/network_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <exception>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "cli/owned_descriptor.h"

namespace vpcwall {
namespace {

constexpr const char* namespace_directory = "/run/netns/";

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

using FileId = std::pair<dev_t, ino_t>;

std::optional<FileId> file_id(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileId{status.st_dev, status.st_ino};
}

std::set<pid_t> this_process_and_its_ancestors() {
  std::set<pid_t> pids;
  for (pid_t pid = ::getpid(); pid > 0 && pids.insert(pid).second;) {
    const auto stat = read_process_stat(pid);
    pid = stat ? stat->parent : 0;
  }
  return pids;
}

}  // namespace

bool namespace_exists(const std::string& name) { return file_id(namespace_directory + name).has_value(); }

void enter_namespace(const std::string& name) {
  const OwnedDescriptor file{::open((namespace_directory + name).c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) fail("network namespace " + name);
  if (::setns(file.get(), CLONE_NEWNET) != 0) fail("entering network namespace " + name);
}

void inside_namespace(const std::string& name, const std::function<void()>& work) {
  std::exception_ptr failure;
  std::thread thread([&] {
    try {
      enter_namespace(name);
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  });
  thread.join();
  if (failure) std::rethrow_exception(failure);
}

std::vector<ProcessIdentity> processes_in(const std::vector<std::string>& namespaces) {
  std::set<FileId> wanted;
  for (const std::string& name : namespaces) {
    if (const auto id = file_id(namespace_directory + name)) wanted.insert(*id);
  }
  std::vector<ProcessIdentity> found;
  if (wanted.empty()) return found;
  const std::set<pid_t> spared = this_process_and_its_ancestors();
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size() || spared.contains(pid)) continue;
    // Identity first: if the pid is reused between the two looks, the identity no longer fits and nothing is
    // ended.
    const auto process = identify(pid);
    const auto id = file_id("/proc/" + name + "/ns/net");
    if (process && id && wanted.contains(*id)) found.push_back(*process);
  }
  return found;
}

void run_ip(const std::string& name, std::string_view commands, bool keep_going) {
  std::vector<std::string> arguments{"ip"};
  if (keep_going) arguments.emplace_back("-force");
  arguments.insert(arguments.end(), {"-batch", "-"});
  FinishedProgram result;
  const auto run = [&] { result = run_to_end(arguments, commands); };
  try {
    // Not `ip -n`: it makes the root mount private first, which fails where the root is a plain chroot.
    if (name.empty()) {
      run();
    } else {
      inside_namespace(name, run);
    }
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::no_such_file_or_directory) throw;
    throw std::runtime_error("the program 'ip' is missing: install the package iproute2");
  }
  if (result.exit_status == 0 || keep_going) return;
  while (result.output.ends_with('\n')) result.output.pop_back();
  std::replace(result.output.begin(), result.output.end(), '\n', ';');
  throw std::runtime_error("ip" + (name.empty() ? "" : " in " + name) + ": " + result.output);
}

bool write_setting(const std::string& path, std::string_view value) {
  const std::string file_name = "/proc/sys/net/" + path;
  const OwnedDescriptor file{::open(file_name.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!file) {
    if (errno == ENOENT) return false;
    fail(file_name);
  }
  if (::write(file.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) fail(file_name);
  return true;
}

}  // namespace vpcwall

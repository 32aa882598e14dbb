#include "daemon/hooks/program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "daemon/file_descriptor.h"

namespace vpcwall {
namespace {

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::system_category(), what);
}

// Files in memory instead of pipes: nobody has to read while somebody writes.
FileDescriptor memory_file(const char* name) {
  FileDescriptor file{memfd_create(name, MFD_CLOEXEC)};
  if (!file) fail(errno, "cannot make a file in memory");
  return file;
}

void write_all(const FileDescriptor& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = write(file.get(), text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail(errno, "cannot write a file in memory");
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  lseek(file.get(), 0, SEEK_SET);
}

std::string read_all(const FileDescriptor& file) {
  std::string text;
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t size = pread(file.get(), piece.data(), piece.size(), static_cast<off_t>(text.size()));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
}

std::string find_program(const std::string& name) {
  for (const char* directory : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/", "/usr/local/sbin/"}) {
    std::string path = directory + name;
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  fail(ENOENT, name);
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& arguments, std::string_view input) {
  const std::string path = find_program(arguments.front());
  const FileDescriptor in = memory_file("input");
  const FileDescriptor out = memory_file("output");
  const FileDescriptor errors = memory_file("errors");
  write_all(in, input);

  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::string path_variable = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  std::string locale_variable = "LC_ALL=C";
  std::array<char*, 3> environment{path_variable.data(), locale_variable.data(), nullptr};

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.get(), STDERR_FILENO);
  // The daemon blocks the signals it handles; a child must not inherit that.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);

  pid_t child = 0;
  const int error = posix_spawn(&child, path.c_str(), &actions, &attributes, argv.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) fail(error, path);

  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) fail(errno, path);
  }
  return {.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
          .output = read_all(out),
          .errors = read_all(errors)};
}

}  // namespace vpcwall

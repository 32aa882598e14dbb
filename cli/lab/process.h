// Programs and processes, as the lab needs them: run one and read what it says, start one in the background,
// end one by an identity that a reused pid cannot fake.
//
// Everything is started with an argument vector (no shell), inherits no descriptor beyond the three standard
// ones, and runs in the network namespace of the calling thread (see inside_namespace()). A program that
// cannot be started is a std::system_error that names it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vpcwall {

struct FinishedProgram {
  int exit_status = 0;  // 128 + signal, as a shell would say
  std::string output;   // standard output and standard error, as they came; the first MiB
};

// Waits for the end. `input` is the program's standard input.
[[nodiscard]] FinishedProgram run_to_end(const std::vector<std::string>& arguments,
                                         std::string_view input = {});

// A session of its own, standard input empty, output appended to `log`. The caller waits for it or leaves it
// to init.
[[nodiscard]] pid_t start_program(const std::vector<std::string>& arguments, const std::string& log);

// A process: the pid alone can be reused, together with the time of its start (in clock ticks since boot) it
// cannot.
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t started = 0;
  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

// What /proc/PID/stat says. The program's name in it may hold spaces and parentheses.
struct ProcessStat {
  char state = '?';
  pid_t parent = 0;
  std::uint64_t started = 0;
};
[[nodiscard]] std::optional<ProcessStat> parse_process_stat(std::string_view text) noexcept;

[[nodiscard]] std::optional<ProcessStat> read_process_stat(pid_t pid);
[[nodiscard]] std::optional<ProcessIdentity> identify(
    pid_t pid);  // none: no such process, or only its remains
[[nodiscard]] bool is_alive(const ProcessIdentity& process);

// "PID START\n", the content of a pid file.
[[nodiscard]] std::string to_string(const ProcessIdentity& process);
[[nodiscard]] std::optional<ProcessIdentity> parse_process_identity(std::string_view text) noexcept;

// False if that very process is gone.
bool send_signal(const ProcessIdentity& process, int signal);

// SIGTERM to all, then SIGKILL to those that are still there after `grace`. Returns when all are gone.
void end_processes(const std::vector<ProcessIdentity>& processes, std::chrono::milliseconds grace);

}  // namespace vpcwall

#include "cli/lab/lab_daemon.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>

#include "cli/control/control_client.h"
#include "cli/lab/network_namespace.h"

namespace vpcwall {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds start_limit{60};  // a slow machine, or one that is emulated
constexpr std::chrono::seconds stop_limit{30};
constexpr std::chrono::seconds answer_limit{2};
constexpr std::chrono::milliseconds ask_again{20};
constexpr std::size_t log_lines_shown = 15;

// A JSON string is a YAML double-quoted scalar.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool is_program(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

std::string last_lines(const std::string& text, std::size_t count) {
  std::size_t from = text.size();
  if (from > 0 && text.back() == '\n') --from;
  for (std::size_t line = 0; line < count; ++line) {
    const std::size_t line_end = from == 0 ? std::string::npos : text.rfind('\n', from - 1);
    if (line_end == std::string::npos) return text;
    from = line_end;
  }
  return text.substr(from + 1);
}

[[noreturn]] void fail_with_log(const std::string& what, const std::string& log) {
  std::string text = last_lines(read_whole_file(log).value_or(""), log_lines_shown);
  while (text.ends_with('\n')) text.pop_back();
  throw std::runtime_error(what + (text.empty() ? "; it said nothing" : "; its last words:\n" + text));
}

bool answers(const std::string& control_socket) {
  try {
    static_cast<void>(ControlClient(control_socket, answer_limit).request({{"verb", "status"}}));
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

}  // namespace

std::string daemon_settings_text(const LabPlan& plan, const std::string& policy,
                                 const std::string& control_socket, const LabDaemonSettings& settings) {
  std::string text = "# Written by `vpcwall lab up`; the lab's own, gone with it.\n";
  text += "version: 1\n";
  text += "policy: " + quoted(policy) + '\n';
  text += "mode: " + settings.mode + '\n';
  text += "backend: " + settings.backend + '\n';
  text += "fail_mode: " + settings.fail_mode + '\n';
  text += "fast_path: " + settings.fast_path + '\n';
  if (settings.queues != 0) text += "queues: {count: " + std::to_string(settings.queues) + "}\n";
  std::string devices;
  for (const LabEndpoint& endpoint : plan.endpoints) {
    if (endpoint.interface.empty()) continue;
    devices += "  " + quoted(endpoint.interface) + ": " + endpoint.router_device + '\n';
  }
  text += devices.empty() ? "devices: {}\n" : "devices:\n" + devices;
  const auto place = [&text](const char* key, const std::string& device) {
    if (!device.empty()) text += std::string(key) + ": [" + device + "]\n";
  };
  place("uplinks", settings.uplink);
  place("services", settings.services);
  text += "control: {socket: " + quoted(control_socket) + "}\n";
  text +=
      "state: {directory: " + quoted(std::filesystem::path(control_socket).parent_path() / "state") + "}\n";
  text += "log: {level: " + settings.log_level + "}\n";
  return text;
}

std::string find_daemon() {
  std::error_code error;
  const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* place : {"vpcwalld", "../daemon/vpcwalld", "../sbin/vpcwalld"}) {
    if (const fs::path candidate = here / place; !here.empty() && is_program(candidate)) {
      return candidate.lexically_normal().string();
    }
  }
  const char* search = std::getenv("PATH");
  std::istringstream directories(search != nullptr ? search : "");
  for (std::string directory; std::getline(directories, directory, ':');) {
    if (const fs::path candidate = fs::path(directory) / "vpcwalld"; is_program(candidate)) {
      return fs::absolute(candidate).string();
    }
  }
  throw std::runtime_error("vpcwalld is neither beside vpcwall nor in PATH: name it with --daemon PATH");
}

void start_daemon(const LabRecord& record, const std::vector<std::string>& arguments) {
  const LabPaths paths = lab_paths(record.plan.name);
  ProcessIdentity process;
  inside_namespace(record.plan.router_namespace, [&] {
    std::vector<std::string> command{record.program, "--config", paths.daemon_settings};
    command.insert(command.end(), arguments.begin(), arguments.end());
    process.pid = start_program(command, paths.log);
    // If it has ended already, the pid alone is remembered; it is our child, so nobody else can have it yet.
    if (const auto stat = read_process_stat(process.pid)) process.started = stat->started;
  });
  write_whole_file(paths.pid_file, to_string(process));

  const auto deadline = std::chrono::steady_clock::now() + start_limit;
  while (!answers(paths.control_socket)) {
    if (!is_alive(process)) fail_with_log(record.program + " ended at once", paths.log);
    if (std::chrono::steady_clock::now() >= deadline) {
      stop_daemon(paths);
      fail_with_log(record.program + " does not answer on its control socket", paths.log);
    }
    std::this_thread::sleep_for(ask_again);
  }
}

void stop_daemon(const LabPaths& paths) {
  const auto process = read_pid_file(paths.pid_file);
  if (process) end_processes({*process}, stop_limit);
}

}  // namespace vpcwall

// vpcwalld: which objects exist, in what order they start and stop. No rule of behaviour lives here.
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <optional>
#include <string>

#include "daemon/commands.h"
#include "daemon/control_server.h"
#include "daemon/firewall.h"
#include "daemon/log.h"
#include "daemon/privileges.h"
#include "daemon/service.h"
#include "daemon/settings.h"
#include "daemon/text_file.h"
#include "policy/policy_yaml.h"

namespace {

using namespace vpcwall;

constexpr std::size_t max_settings_bytes = std::size_t{1} << 20U;
constexpr int bad_input = 2;

void print(const std::vector<Diagnostic>& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics) std::cerr << to_string(diagnostic) << '\n';
}

std::optional<Settings> read_settings(const std::string& path) {
  const auto text = read_text_file(path, max_settings_bytes);
  if (!text) {
    std::cerr << "vpcwalld: " << text.error().message << '\n';
    return std::nullopt;
  }
  LoadedSettings loaded = load_settings(*text, path);
  print(loaded.diagnostics);
  return loaded.settings;
}

std::optional<Policy> read_policy(const std::string& path) {
  const auto text = read_text_file(path, max_policy_bytes);
  if (!text) {
    std::cerr << "vpcwalld: " << text.error().message << '\n';
    return std::nullopt;
  }
  LoadedPolicy loaded = load_policy(*text, path);
  print(loaded.diagnostics);
  return loaded.policy;
}

int run(const Settings& settings, const Policy& policy) {
  require_privileges();
  block_signals();
  const TimePoint started = now();
  Firewall firewall(settings);
  Commands commands(settings, firewall, started);
  ControlServer control(settings.control.socket, settings.control.group,
                        [&commands](const Request& request, const ControlPeer& peer) {
                          return commands.answer(request, peer);
                        });
  drop_privileges();
  if (settings.test_clock)
    spdlog::warn("test clock: no flow expires until the control socket moves the clock; for tests only");
  for (const LocalPort& port : settings.management_bypass)
    spdlog::warn("management bypass: {} of this host passes unjudged, which AWS has nothing like",
                 to_string(port));
  firewall.start(policy);
  if (const FastPathStatus fast_path = firewall.fast_path(); !fast_path.reason.empty())
    spdlog::warn("no fast path, every packet is judged in user space: {}", fast_path.reason);
  spdlog::info("vpcwalld {}: {} interfaces guarded, {} mode, back end {}, control socket {}", VPCWALL_VERSION,
               policy.interfaces.size(), to_string(settings.mode), firewall.backend(),
               settings.control.socket);
  const int status = serve(firewall, commands, control);
  firewall.stop();
  spdlog::info("stopped");
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"vpcwalld: judges live packets as AWS security groups and network ACLs would"};
  std::string settings_path = "/etc/vpcwall/daemon.yaml";
  std::string policy_path;
  app.add_option("--config", settings_path, "Settings file")->capture_default_str();
  app.add_option("--policy", policy_path, "Policy file, instead of the one that the settings name");
  bool test_clock = false;
  app.add_flag("--test-clock", test_clock,
               "For tests only: flows do not expire until the control socket moves the clock");
  app.set_version_flag("--version", VPCWALL_VERSION);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("vpcwalld: ") + error.what() + "; see `vpcwalld --help`\n";
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : bad_input;
  }

  try {
    std::optional<Settings> settings = read_settings(settings_path);
    if (!settings) return bad_input;
    if (!policy_path.empty()) settings->policy = policy_path;
    settings->test_clock = test_clock;
    const std::optional<Policy> policy = read_policy(settings->policy);
    if (!policy) return bad_input;
    set_up_log(settings->log_level);
    return run(*settings, *policy);
  } catch (const std::exception& error) {
    std::cerr << "vpcwalld: " << error.what() << '\n';
    return 1;
  }
}

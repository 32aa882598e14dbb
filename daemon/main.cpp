// vpcwalld: which objects exist, in what order they start and stop. No rule of behaviour lives here.
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/change/first_policy.h"
#include "daemon/change/policy_changes.h"
#include "daemon/control/commands.h"
#include "daemon/control/control_server.h"
#include "daemon/firewall.h"
#include "daemon/log/log.h"
#include "daemon/metrics/http_server.h"
#include "daemon/metrics/metrics_page.h"
#include "daemon/service/privileges.h"
#include "daemon/service/service.h"
#include "daemon/service/service_manager.h"
#include "daemon/settings.h"
#include "daemon/state/lasting.h"
#include "daemon/state/state_keeper.h"
#include "daemon/text_file.h"

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

int run(const Settings& settings, FirstPolicy first, Lasting lasting) {
  require_privileges();
  block_signals();
  const TimePoint started = now();
  const Policy& policy = first.policy;
  std::map<std::string, FileDescriptor> descriptors = kept_descriptors();
  FileDescriptor http_socket = std::move(descriptors["http"]);
  Firewall firewall(settings, inherit(settings, lasting, std::move(descriptors)));
  PolicyChanges changes(settings, firewall, std::move(lasting.history), std::move(lasting.why_not));
  Commands commands(settings, firewall, changes, started);
  ControlServer control(settings.control.socket, Access(settings.control),
                        [&commands](const Request& request, const ControlPeer& peer) {
                          return commands.answer(request, peer);
                        });
  MetricsPage page(commands, settings.most_rule_metrics);
  const std::unique_ptr<HttpServer> http = open_http(settings.http, page.routes(), std::move(http_socket));
  drop_privileges();
  if (changes.history() == nullptr)
    spdlog::warn("no policy can be applied, confirmed or rolled back: {}", changes.no_history());
  else if (!changes.history()->warning().empty())
    spdlog::warn("{}", changes.history()->warning());
  if (settings.test_clock)
    spdlog::warn("test clock: no flow expires until the control socket moves the clock; for tests only");
  for (const LocalPort& port : settings.management_bypass)
    spdlog::warn("management bypass: {} of this host passes unjudged, which AWS has nothing like",
                 to_string(port));
  firewall.start(policy);
  changes.began(std::move(first.text), first.source, first.diagnostics);
  if (const FastPathStatus fast_path = firewall.fast_path(); !fast_path.reason.empty())
    spdlog::warn("no fast path, every packet is judged in user space: {}", fast_path.reason);
  log_event(spdlog::level::info,
            {{"EVENT", "start"},
             {"GENERATION", std::to_string(firewall.policy()->generation)},
             {"POLICY", changes.in_force().name}},
            fmt::format("vpcwalld {}: {} interfaces guarded, {} mode, back end {}, control socket {}",
                        VPCWALL_VERSION, policy.interfaces.size(), to_string(settings.mode),
                        firewall.backend(), settings.control.socket));
  for (const auto& [name, descriptor] : firewall.descriptors()) keep_descriptor(name, descriptor);
  std::optional<StateKeeper> keeper;
  if (lasting.directory && !settings.test_clock)
    keeper.emplace(state_path(settings), std::chrono::seconds(settings.state.snapshot_seconds), now());
  const Served served = serve({firewall, changes, control, http.get(), keeper ? &*keeper : nullptr});
  const bool done = firewall.stop(served.ending);
  if (keeper) keeper->keep_last(firewall);
  if (served.ending == Ending::for_good)
    for (const auto& [name, descriptor] : firewall.descriptors()) forget_descriptor(name);
  log_event(spdlog::level::info, {{"EVENT", "stop"}}, "stopped");
  return done ? served.status : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"vpcwalld: judges live packets as AWS security groups and network ACLs would"};
  std::string settings_path = "/etc/vpcwall/daemon.yaml";
  std::string policy_path;
  app.add_option("--config", settings_path, "Settings file")->type_name("FILE")->capture_default_str();
  app.add_option("--policy", policy_path, "Policy file, instead of the one that the settings name")
      ->type_name("FILE");
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
    set_up_log(settings->log_level);
    Lasting lasting = open_lasting(*settings);
    std::optional<FirstPolicy> first = first_policy(settings->policy, lasting.history);
    if (!first) return bad_input;
    return run(*settings, std::move(*first), std::move(lasting));
  } catch (const std::exception& error) {
    std::cerr << "vpcwalld: " << error.what() << '\n';
    return 1;
  }
}

#include "daemon/commands.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "control/reports.h"
#include "daemon/text_file.h"
#include "engine/flow_identity.h"
#include "policy/policy_yaml.h"
#include "replay/explanation.h"
#include "replay/packet_json.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t default_flow_rows = 1000;
constexpr std::size_t most_flow_rows = 100'000;

ordered_json to_json(const ReloadOutcome& outcome) {
  ordered_json json;
  json["schema"] = "vpcwall/reload/1";
  json["accepted"] = outcome.report.has_value();
  json["diagnostics"] = outcome.diagnostics;
  if (outcome.report) {
    json["generation"] = outcome.report->generation;
    json["everywhere"] = outcome.report->everywhere;
    json["added"] = outcome.report->added;
    json["removed"] = outcome.report->removed;
    json["changed"] = outcome.report->changed;
  }
  json["milliseconds"] = outcome.milliseconds;
  return json;
}

}  // namespace

Commands::Commands(const Settings& settings, Firewall& firewall, TimePoint started)
    : settings_(settings), firewall_(firewall), started_(started) {}

ordered_json Commands::answer(const Request& request, const ControlPeer& peer) {
  if (request.verb == "status") return status();
  if (request.verb == "rules") {
    const std::vector<const Counters*> counters = firewall_.counters();
    return rules_report(*firewall_.policy(), firewall_.slots(), counters, now());
  }
  if (request.verb == "flows") return flows(request);
  if (request.verb == "explain") return explain(request);
  return to_json(reload("process " + std::to_string(peer.process) + " of user " + std::to_string(peer.user)));
}

ReloadOutcome Commands::reload(const std::string& asked_by) {
  const TimePoint begin = now();
  ReloadOutcome outcome;
  const auto text = read_text_file(settings_.policy, max_policy_bytes);
  if (!text) {
    outcome.diagnostics.push_back(text.error().message);
  } else {
    LoadedPolicy loaded = load_policy(*text, settings_.policy);
    for (const Diagnostic& diagnostic : loaded.diagnostics)
      outcome.diagnostics.push_back(to_string(diagnostic));
    if (loaded.policy) {
      try {
        outcome.report = firewall_.reload(*loaded.policy);
      } catch (const std::exception& error) {
        outcome.diagnostics.emplace_back(error.what());
      }
    }
  }
  outcome.milliseconds = std::chrono::duration<double, std::milli>(now() - begin).count();

  for (const std::string& line : outcome.diagnostics) spdlog::warn("{}", line);
  if (!outcome.report) {
    spdlog::error("reload asked by {}: refused, the policy of generation {} stays in force", asked_by,
                  firewall_.policy()->generation);
  } else {
    spdlog::info(
        "reload asked by {}: generation {} in force, {} rules added, {} removed, {} changed, {:.1f} ms",
        asked_by, outcome.report->generation, outcome.report->added.size(), outcome.report->removed.size(),
        outcome.report->changed.size(), outcome.milliseconds);
    if (!outcome.report->everywhere)
      spdlog::error("reload: a worker has not taken generation {} over yet", outcome.report->generation);
  }
  return outcome;
}

ordered_json Commands::status() const {
  ordered_json json;
  json["schema"] = "vpcwall/status/1";
  json["version"] = VPCWALL_VERSION;
  json["pid"] = ::getpid();
  json["uptime_seconds"] = std::chrono::duration<double>(now() - started_).count();
  json["policy"] = settings_.policy;
  json["generation"] = firewall_.policy()->generation;
  json["interfaces"] = firewall_.policy()->interfaces.size();
  json["mode"] = to_string(settings_.mode);
  json["backend"] = firewall_.backend();
  json["fail_mode"] = settings_.fail_mode == FailMode::open ? "open" : "closed";
  json["fast_path"] = "none, every packet is judged in user space";
  std::uint64_t refused = 0;
  for (const Counters* counters : firewall_.counters())
    for (const Gate gate : {Gate::sg_ingress, Gate::sg_egress})
      refused += counters->gate(gate, Outcome::table_full).packets;
  json["flows"] = {
      {"active", firewall_.flow_count()}, {"capacity", firewall_.flow_capacity()}, {"refused", refused}};
  json["queues"] = ordered_json::array();
  for (const QueueStatistics& queue : firewall_.queue_statistics())
    json["queues"].push_back({{"number", queue.number},
                              {"received", queue.received},
                              {"bursts", queue.bursts},
                              {"waiting", queue.waiting},
                              {"kernel_dropped", queue.kernel_dropped},
                              {"user_dropped", queue.user_dropped}});
  return json;
}

ordered_json Commands::flows(const Request& request) const {
  std::size_t most = default_flow_rows;
  if (const auto limit = request.arguments.find("limit"); limit != request.arguments.end()) {
    if (!limit->is_number_unsigned() || limit->get<std::size_t>() > most_flow_rows)
      return {{"error", "found " + limit->dump() + " for \"limit\", expected a number from 0 to " +
                            std::to_string(most_flow_rows)}};
    most = limit->get<std::size_t>();
  }
  const TimePoint at = now();
  const std::vector<Flow> copies = firewall_.flows(most, at);
  return flows_report(*firewall_.policy(), firewall_.slots(), copies, firewall_.flow_count(), at);
}

ordered_json Commands::explain(const Request& request) const {
  if (!request.arguments.contains("packet")) return {{"error", "explain needs a \"packet\""}};
  const auto packet = read_packet(request.arguments.at("packet"));
  if (!packet) return {{"error", packet.error().message}};
  const std::shared_ptr<const CompiledPolicy> policy = firewall_.policy();
  const Journey journey = find_journey(*policy, *packet, {});
  std::vector<FlowKey> keys;
  for (const auto& [side, direction] :
       {std::pair(journey.leaves, Direction::egress), std::pair(journey.enters, Direction::ingress)}) {
    if (side == no_interface) continue;
    if (const auto key = flow_key(*packet, direction, policy->interfaces.at(side).number))
      keys.push_back(*key);
  }
  const TimePoint at = now();
  const std::vector<Flow> live = firewall_.flows_of(keys, at);
  return vpcwall::to_json(vpcwall::explain(*policy, live, *packet, journey, at), *policy, firewall_.slots());
}

}  // namespace vpcwall

#include "control/reports.h"

#include <set>

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

template <class Read>
Count total(std::span<const Counters* const> shards, Read&& read) {
  Count sum;
  for (const Counters* counters : shards) sum += read(*counters);
  return sum;
}

void put_count(ordered_json& json, const Count& count, TimePoint now) {
  json["packets"] = count.packets;
  json["bytes"] = count.bytes;
  json["last_hit_seconds_ago"] =
      count.packets > 0 ? ordered_json(seconds(now - count.last_hit)) : ordered_json(nullptr);
}

ordered_json rule_json(const CounterSlots& slots, CounterSlot slot, const Count& count, bool active,
                       TimePoint now) {
  const RuleIdentity& identity = slots.identity(slot);
  ordered_json json;
  json["kind"] = to_string(identity.kind);
  json["owner"] = identity.owner;
  json["name"] = slots.owner_name(slot);
  json["direction"] = to_string(identity.direction);
  json["rule"] = identity.rule;
  if (identity.kind == RuleKind::acl_default)
    json["family"] = identity.family == Family::ipv4 ? "ipv4" : "ipv6";
  json["text"] = identity.match;
  put_count(json, count, now);
  json["active"] = active;
  return json;
}

template <class Enum>
Enum enumerator(std::size_t index) {
  return static_cast<Enum>(index);
}

}  // namespace

ordered_json rules_report(const CompiledPolicy& policy, const CounterSlots& slots,
                          std::span<const Counters* const> shards, TimePoint now) {
  ordered_json report;
  report["schema"] = "vpcwall/rules/1";
  report["generation"] = policy.generation;

  const std::vector<CounterSlot> active = active_slots(policy);
  const std::set<CounterSlot> is_active(active.begin(), active.end());
  const auto count_of = [&](CounterSlot slot) {
    return total(shards, [slot](const Counters& counters) { return counters.rule(slot); });
  };
  auto& rules = report["rules"] = ordered_json::array();
  for (const CounterSlot slot : active) rules.push_back(rule_json(slots, slot, count_of(slot), true, now));
  for (CounterSlot slot = 0; slot < slots.size(); ++slot) {
    if (is_active.contains(slot)) continue;
    const Count count = count_of(slot);
    if (count.packets > 0) rules.push_back(rule_json(slots, slot, count, false, now));
  }

  auto& gates = report["gates"] = ordered_json::array();
  for (std::size_t gate = 0; gate < gate_count; ++gate)
    for (std::size_t outcome = 0; outcome < outcome_count; ++outcome) {
      const Count count = total(shards, [&](const Counters& counters) {
        return counters.gate(enumerator<Gate>(gate), enumerator<Outcome>(outcome));
      });
      if (count.packets == 0) continue;
      ordered_json row{{"gate", to_string(enumerator<Gate>(gate))},
                       {"outcome", to_string(enumerator<Outcome>(outcome))}};
      put_count(row, count, now);
      gates.push_back(std::move(row));
    }

  auto& reasons = report["reasons"] = ordered_json::array();
  for (std::size_t i = 0; i < reason_count; ++i) {
    const auto reason = enumerator<Reason>(i);
    ordered_json row{{"reason", to_string(reason)}, {"verdict", to_string(verdict_of(reason))}};
    put_count(row, total(shards, [&](const Counters& counters) { return counters.reason(reason); }), now);
    reasons.push_back(std::move(row));
  }

  auto& errors = report["parse_errors"] = ordered_json::array();
  for (std::size_t i = 0; i < parse_error_count; ++i) {
    const auto error = enumerator<ParseError>(i);
    ordered_json row{{"error", to_string(error)}};
    put_count(row, total(shards, [&](const Counters& counters) { return counters.parse_error(error); }), now);
    errors.push_back(std::move(row));
  }
  return report;
}

FlowRows::FlowRows(const CompiledPolicy& policy, const CounterSlots& slots) : slots_(slots) {
  for (const CompiledInterface& interface : policy.interfaces) names_[interface.number] = interface.name;
}

ordered_json FlowRows::row(const Flow& flow, TimePoint now) const {
  const auto name = names_.find(flow.key.interface);
  ordered_json row;
  row["interface"] = name == names_.end() ? std::string() : name->second;
  row["protocol"] = to_string(flow.key.protocol);
  row["local"] = to_string(flow.key.local());
  row["remote"] = to_string(flow.key.remote());
  if (has_ports(flow.key.protocol)) {
    row["local_port"] = flow.key.local_port;
    row["remote_port"] = flow.key.remote_port;
  } else if (is_icmp(flow.key.protocol)) {
    row["id"] = flow.key.local_port;
  }
  row["opened"] = flow.originator == Originator::local ? "egress" : "ingress";
  row["state"] = to_string(flow.state);
  row["packets"] = {{"original", flow.packets[0]}, {"reply", flow.packets[1]}};
  row["bytes"] = {{"original", flow.bytes[0]}, {"reply", flow.bytes[1]}};
  row["age_seconds"] = seconds(now - flow.opened_at);
  row["idle_seconds"] = seconds(now - flow.last_packet);
  row["expires_in_seconds"] = seconds(flow.expires - now);
  if (flow.opened_by != Flow::nobody) {
    row["rule"] = slots_.identity(flow.opened_by).rule;
    row["group"] = slots_.owner_name(flow.opened_by);
  }
  return row;
}

ordered_json flows_report(const CompiledPolicy& policy, const CounterSlots& slots,
                          std::span<const Flow> flows, std::size_t total, TimePoint now) {
  const FlowRows all(policy, slots);
  ordered_json report;
  report["schema"] = "vpcwall/flows/1";
  report["total"] = total;
  auto& rows = report["flows"] = ordered_json::array();
  for (const Flow& flow : flows) rows.push_back(all.row(flow, now));
  return report;
}

}  // namespace vpcwall

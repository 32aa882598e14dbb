#include "daemon/control/observation_report.h"

#include "engine/decision_json.h"
#include "replay/packet_json.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

// The packet that the line was told with, as far as it makes the flow.
ordered_json packet_of(const ObservedFlow& flow) {
  ordered_json json{{"protocol", to_string(flow.protocol)}, {"source", to_string(flow.source)}};
  const bool whole = flow.transport == Transport::whole;
  if (has_ports(flow.protocol) && whole) json["source_port"] = flow.source_port;
  json["destination"] = to_string(flow.destination);
  if (has_ports(flow.protocol) && whole) json["destination_port"] = flow.destination_port;
  if (is_icmp(flow.protocol) && whole) {
    json["type"] = flow.icmp_type;
    json["code"] = flow.icmp_code;
    if (flow.icmp_identifier != 0) json["id"] = flow.icmp_identifier;
  }
  return json;
}

ordered_json said_json(const Said& said, const CounterSlots& slots) {
  ordered_json json{{"verdict", to_string(said.verdict)}, {"reason", to_string(said.reason)}};
  if (said.gate_size == 0) return json;
  const std::size_t last = said.gate_size - 1U;
  json["gate"] = to_string(said.gates.at(last));
  if (said.rules.at(last) == no_slot) return json;
  const RuleIdentity& rule = slots.identity(said.rules.at(last));
  if (rule.kind != RuleKind::group_default) json["rule"] = rule.rule;
  return json;
}

void put_packet(ordered_json& json, const ObservedFlow& flow) {
  if (flow.parse_error) {
    json["packet"] = nullptr;
    json["parse_error"] = to_string(*flow.parse_error);
  } else {
    json["packet"] = packet_of(flow);
  }
}

}  // namespace

ordered_json decision_event(const ObservedChange& change, const CounterSlots& slots, double time) {
  const Event& event = change.event;
  ordered_json json{{"event", "decision"},
                    {"sequence", event.sequence},
                    {"time", time},
                    {"generation", event.policy->generation}};
  if (event.packet) {
    json["packet"] = to_json(*event.packet);
  } else {
    json["packet"] = nullptr;
    json["parse_error"] = to_string(event.packet.error());
  }
  json.update(to_json(event.decision, *event.policy, slots));
  json["before"] = change.before ? said_json(*change.before, slots) : ordered_json(nullptr);
  return json;
}

ordered_json repeat_event(const Repeats& repeats, const CompiledPolicy& policy, const CounterSlots& slots) {
  const FlowLine& line = repeats.line;
  ordered_json json{{"event", "repeat"}, {"of", line.sequence}, {"count", repeats.count}};
  put_packet(json, line.flow);
  json["verdict"] = to_string(line.said.verdict);
  json["reason"] = to_string(line.said.reason);
  if (line.said.gate_size == 0) return json;
  const std::size_t last = line.said.gate_size - 1U;
  GateOutcome gate{line.said.gates.at(last), line.last_outcome,
                   policy.interface_numbered(line.last_interface), line.said.rules.at(last)};
  if (gate.gate == Gate::exempt || gate.interface != no_interface)
    json["decided_by"] = to_json(gate, policy, slots);
  else if (is_acl(gate.gate) && line.last_interface == no_interface_number && gate.rule != no_slot)
    // About an address that no interface has (O-20); of its subnet only the ACL is remembered.
    json["decided_by"] = {{"gate", to_string(gate.gate)},
                          {"acl", slots.identity(gate.rule).owner},
                          {"outcome", to_string(gate.outcome)},
                          {"rule", slots.identity(gate.rule).rule}};
  return json;
}

}  // namespace vpcwall

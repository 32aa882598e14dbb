#include "engine/decision_json.h"

namespace vpcwall {

nlohmann::ordered_json to_json(const GateOutcome& gate, const CompiledPolicy& policy,
                               const CounterSlots& slots) {
  nlohmann::ordered_json json;
  json["gate"] = to_string(gate.gate);
  if (gate.gate == Gate::exempt) {
    json["outcome"] = to_string(gate.outcome);
    return json;
  }
  if (is_acl(gate.gate)) {
    const CompiledSubnet& subnet = policy.subnets.at(gate.subnet);
    json["subnet"] = subnet.name;
    json["acl"] = policy.acls.at(subnet.acl).id;
  } else if (gate.interface != no_interface) {
    json["interface"] = policy.interfaces.at(gate.interface).name;
  } else {  // of an address that no interface has
    json["subnet"] = policy.subnets.at(gate.subnet).name;
  }
  json["outcome"] = to_string(gate.outcome);
  if (gate.rule == no_slot) return json;
  const RuleIdentity& rule = slots.identity(gate.rule);
  if (rule.kind == RuleKind::group_default) return json;  // the implicit deny has no rule to name
  json["rule"] = rule.rule;
  if (rule.kind == RuleKind::group_rule) json["group"] = slots.owner_name(gate.rule);
  return json;
}

nlohmann::ordered_json to_json(const Decision& decision, const CompiledPolicy& policy,
                               const CounterSlots& slots) {
  nlohmann::ordered_json json;
  json["verdict"] = to_string(decision.verdict);
  json["reason"] = to_string(decision.reason);
  json["gates"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < decision.gate_size; ++i)
    json["gates"].push_back(to_json(decision.gates.at(i), policy, slots));
  return json;
}

}  // namespace vpcwall

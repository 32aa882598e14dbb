#include "replay/decision_text.h"

namespace vpcwall {

std::string gate_outcome_text(const GateOutcome& gate, const CompiledPolicy& policy,
                              const CounterSlots& slots) {
  std::string text(to_string(gate.gate));
  if (gate.gate == Gate::exempt) return text;
  text += ' ' + place_of(policy, gate);
  text += ' ' + std::string(to_string(gate.outcome));
  if (gate.rule == no_slot) return text;
  const RuleKind kind = slots.identity(gate.rule).kind;
  if (kind == RuleKind::group_rule) return text + ' ' + slots.owner_name(gate.rule);
  if (kind == RuleKind::group_default) return text;  // the implicit deny has no name
  return text + ' ' + slots.identity(gate.rule).rule;
}

std::string decision_text(const Decision& decision, const CompiledPolicy& policy, const CounterSlots& slots) {
  std::string text(to_string(decision.verdict));
  text += ", " + std::string(to_string(decision.reason));
  for (std::size_t i = 0; i < decision.gate_size; ++i)
    text += (i == 0 ? ": " : ", ") + gate_outcome_text(decision.gates.at(i), policy, slots);
  return text;
}

}  // namespace vpcwall

#include "state/kept_counters.h"

namespace vpcwall {
namespace {

template <class Read>
Count sum(std::span<const Counters* const> shards, Read&& read) {
  Count all;
  for (const Counters* shard : shards) all += read(*shard);
  return all;
}

}  // namespace

void keep_counters(SavedState& state, const CompiledPolicy& policy, const CounterSlots& slots,
                   std::span<const Counters* const> shards) {
  for (const CompiledInterface& interface : policy.interfaces) state.interfaces.push_back(interface.id);
  for (CounterSlot slot = 0; slot < slots.size(); ++slot)
    state.rules.push_back({slots.identity(slot), slots.owner_name(slot),
                           sum(shards, [slot](const Counters& one) { return one.rule(slot); })});
  for (std::size_t gate = 0; gate < gate_count; ++gate)
    for (std::size_t outcome = 0; outcome < outcome_count; ++outcome) {
      const auto which_gate = static_cast<Gate>(gate);
      const auto which_outcome = static_cast<Outcome>(outcome);
      const Count count =
          sum(shards, [&](const Counters& one) { return one.gate(which_gate, which_outcome); });
      if (count.packets != 0) state.gates.push_back({which_gate, which_outcome, count});
    }
  for (std::size_t i = 0; i < reason_count; ++i) {
    const auto which = static_cast<Reason>(i);
    state.reasons.push_back({which, sum(shards, [which](const Counters& one) { return one.reason(which); })});
  }
  for (std::size_t i = 0; i < parse_error_count; ++i) {
    const auto which = static_cast<ParseError>(i);
    state.parse_errors.push_back(
        {which, sum(shards, [which](const Counters& one) { return one.parse_error(which); })});
  }
}

std::unordered_map<InterfaceNumber, std::uint32_t> interface_indices(const CompiledPolicy& policy) {
  std::unordered_map<InterfaceNumber, std::uint32_t> indices;
  for (const CompiledInterface& interface : policy.interfaces)
    indices.emplace(interface.number, static_cast<std::uint32_t>(indices.size()));
  return indices;
}

std::vector<CounterSlot> give_back_counters(const SavedState& state, const SlotFor& slot_for,
                                            Counters& counters) {
  std::vector<CounterSlot> slots;
  for (const SavedState::Rule& rule : state.rules) {
    slots.push_back(slot_for(rule.identity, rule.owner_name));
    if (rule.count.packets != 0) counters.add_rule(slots.back(), rule.count);
  }
  for (const auto& one : state.gates) counters.add_gate(one.gate, one.outcome, one.count);
  for (const auto& one : state.reasons)
    if (one.count.packets != 0) counters.add_reason(one.which, one.count);
  for (const auto& one : state.parse_errors)
    if (one.count.packets != 0) counters.add_parse_error(one.which, one.count);
  return slots;
}

}  // namespace vpcwall

#include "state/kept_counters.h"

#include <algorithm>

namespace vpcwall {
namespace {

template <class Read>
Count sum(std::span<const Counters* const> shards, Read&& read) {
  Count all;
  for (const Counters* shard : shards) all += read(*shard);
  return all;
}

// Slots in the order in which they are kept: those in force, those of flows, those that were hit last.
std::vector<CounterSlot> kept_slots(const SavedState& state, const CompiledPolicy& policy,
                                    const std::vector<Count>& counts) {
  std::vector<bool> is_kept(counts.size());
  std::vector<CounterSlot> kept;
  const auto keep = [&](CounterSlot slot) {
    if (is_kept.at(slot)) return;
    is_kept[slot] = true;
    kept.push_back(slot);
  };
  for (const CounterSlot slot : active_slots(policy)) keep(slot);
  for (const Flow& flow : state.flows)
    if (flow.opened_by != Flow::nobody) keep(flow.opened_by);
  std::vector<CounterSlot> gone;
  for (CounterSlot slot = 0; slot < counts.size(); ++slot)
    if (!is_kept[slot] && counts[slot].packets != 0) gone.push_back(slot);
  const auto most = static_cast<std::ptrdiff_t>(std::min(gone.size(), most_gone_rules));
  std::partial_sort(gone.begin(), gone.begin() + most, gone.end(),
                    [&](CounterSlot a, CounterSlot b) { return counts[a].last_hit > counts[b].last_hit; });
  kept.insert(kept.end(), gone.begin(), gone.begin() + most);
  return kept;
}

void keep_rules(SavedState& state, const CompiledPolicy& policy, const CounterSlots& slots,
                std::span<const Counters* const> shards) {
  std::vector<Count> counts;
  for (CounterSlot slot = 0; slot < slots.size(); ++slot)
    counts.push_back(sum(shards, [slot](const Counters& one) { return one.rule(slot); }));
  std::unordered_map<CounterSlot, CounterSlot> indices;
  for (const CounterSlot slot : kept_slots(state, policy, counts)) {
    indices.emplace(slot, static_cast<CounterSlot>(state.rules.size()));
    state.rules.push_back({slots.identity(slot), slots.owner_name(slot), counts[slot]});
  }
  for (Flow& flow : state.flows)
    if (flow.opened_by != Flow::nobody) flow.opened_by = indices.at(flow.opened_by);
}

}  // namespace

void keep_counters(SavedState& state, const CompiledPolicy& policy, const CounterSlots& slots,
                   std::span<const Counters* const> shards) {
  for (const CompiledInterface& interface : policy.interfaces) state.interfaces.push_back(interface.id);
  keep_rules(state, policy, slots, shards);
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

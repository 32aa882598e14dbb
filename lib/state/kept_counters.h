// What a SavedState says of rules and interfaces: taken from a policy and its counters, and given back to
// others.
//
// Counters may be read beside their workers; they are written only while no worker runs.
#pragma once

#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "policy/compiled_policy.h"
#include "state/saved_state.h"

namespace vpcwall {

// Of the rules that the policy no longer has, so many are kept, those that were hit last. A policy that is
// made anew every minute would leave a million behind in a month.
inline constexpr std::size_t most_gone_rules = 10'000;

// Adds interfaces, rules and all counts, those of every shard together. Flows come first, with the slots of
// the rules that opened them: these are kept whatever else is, and become indices of SavedState::rules.
void keep_counters(SavedState& state, const CompiledPolicy& policy, const CounterSlots& slots,
                   std::span<const Counters* const> shards);

// What Flow::key.interface becomes in the state, by the interface's number.
[[nodiscard]] std::unordered_map<InterfaceNumber, std::uint32_t> interface_indices(
    const CompiledPolicy& policy);

// Adds the counts of `state` to `counters`; the slots of its rules, by their index.
using SlotFor = std::function<CounterSlot(const RuleIdentity&, const std::string& owner_name)>;
[[nodiscard]] std::vector<CounterSlot> give_back_counters(const SavedState& state, const SlotFor& slot_for,
                                                          Counters& counters);

}  // namespace vpcwall

#include "policy/compiled_policy.h"

#include <unordered_set>
#include <utility>

namespace vpcwall {

InterfaceIndex CompiledPolicy::interface_on(std::uint32_t device) const noexcept {
  if (device == 0 || devices.empty()) return no_interface;
  const auto found = devices.find(device);
  return found != devices.end() ? found->second : no_interface;
}

InterfaceIndex CompiledPolicy::interface_numbered(InterfaceNumber number) const noexcept {
  const auto found = numbers.find(number);
  return found != numbers.end() ? found->second : no_interface;
}

InterfaceIndex CompiledPolicy::interface_named(std::string_view id_or_name) const noexcept {
  for (std::size_t i = 0; i < interfaces.size(); ++i)
    if (interfaces[i].id == id_or_name || interfaces[i].name == id_or_name)
      return static_cast<InterfaceIndex>(i);
  return no_interface;
}

namespace {

// Slots once each, in the order in which they are named first.
class SlotList {
 public:
  void add(CounterSlot slot) {
    if (slot >= seen_.size()) seen_.resize(slot + std::size_t{1});
    if (seen_[slot]) return;
    seen_[slot] = true;
    slots_.push_back(slot);
  }
  // Interfaces share the rules of their groups: looked through once.
  void add(const std::shared_ptr<const GroupRules>& part, Direction direction) {
    if (!looked_through_[at(direction)].insert(part.get()).second) return;
    for (const CompiledRules& rules : (*part)[at(direction)])
      for (const CompiledRule& rule : rules.rules) add(rule.slot);
  }
  [[nodiscard]] std::vector<CounterSlot> take() { return std::move(slots_); }

 private:
  std::vector<CounterSlot> slots_;
  std::vector<bool> seen_;
  PerDirection<std::unordered_set<const GroupRules*>> looked_through_;
};

}  // namespace

std::vector<CounterSlot> active_slots(const CompiledPolicy& policy) {
  SlotList slots;
  for (const CompiledAcl& acl : policy.acls)
    for (const auto& families : acl.lists)
      for (const CompiledEntries& list : families) {
        for (const CompiledEntry& entry : list.entries) slots.add(entry.slot);
        slots.add(list.default_slot);
      }
  for (const CompiledInterface& interface : policy.interfaces)
    for (const Direction direction : {Direction::ingress, Direction::egress}) {
      for (const auto& part : interface.groups) slots.add(part, direction);
      slots.add(interface.default_slots[at(direction)]);
    }
  return slots.take();
}

}  // namespace vpcwall

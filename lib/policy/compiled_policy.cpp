#include "policy/compiled_policy.h"

#include <set>

namespace vpcwall {

DevicePlace CompiledPolicy::place_of(std::uint32_t device) const noexcept {
  if (device == 0 || devices.empty()) return {};
  const auto found = devices.find(device);
  return found != devices.end() ? found->second : DevicePlace{};
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

std::vector<CounterSlot> active_slots(const CompiledPolicy& policy) {
  std::vector<CounterSlot> slots;
  for (const CompiledAcl& acl : policy.acls)
    for (const auto& families : acl.lists)
      for (const CompiledEntries& list : families) {
        for (const CompiledEntry& entry : list.entries) slots.push_back(entry.slot);
        slots.push_back(list.default_slot);
      }
  for (const CompiledInterface& interface : policy.interfaces)
    for (const Direction direction : {Direction::ingress, Direction::egress}) {
      for (const CompiledRules& rules : (*interface.groups)[at(direction)])
        for (const CompiledRule& rule : rules.rules) slots.push_back(rule.slot);
      slots.push_back(interface.default_slots[at(direction)]);
    }
  std::set<CounterSlot> seen;  // a group on many interfaces, a rule of both families: one slot
  std::erase_if(slots, [&](CounterSlot slot) { return !seen.insert(slot).second; });
  return slots;
}

}  // namespace vpcwall

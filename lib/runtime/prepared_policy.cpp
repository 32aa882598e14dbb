#include "runtime/prepared_policy.h"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "engine/counters.h"
#include "flow/flow_allowance.h"

namespace vpcwall {
namespace {

using RuleName = std::tuple<RuleKind, std::string, Direction, std::string>;

RuleName name_of(const RuleIdentity& identity) {
  return {identity.kind, identity.owner, identity.direction, identity.rule};
}

std::string words(const CounterSlots& slots, CounterSlot slot) {
  const RuleIdentity& identity = slots.identity(slot);
  const std::string direction = identity.direction == Direction::ingress ? "ingress " : "egress ";
  return direction + identity.rule + ": " + identity.match + " of " + slots.owner_name(slot);
}

RuleChanges compare(const CompiledPolicy* before, const CompiledPolicy& after, const CounterSlots& slots) {
  std::set<CounterSlot> old_slots, new_slots;
  if (before != nullptr)
    for (const CounterSlot slot : active_slots(*before)) old_slots.insert(slot);
  for (const CounterSlot slot : active_slots(after)) new_slots.insert(slot);

  RuleChanges changes;
  std::map<RuleName, CounterSlot> gone;
  for (const CounterSlot slot : old_slots)
    if (!new_slots.contains(slot)) gone.emplace(name_of(slots.identity(slot)), slot);
  for (const CounterSlot slot : new_slots) {
    if (old_slots.contains(slot)) continue;
    const bool changed = gone.erase(name_of(slots.identity(slot))) > 0;
    (changed ? changes.changed : changes.added).push_back(words(slots, slot));
  }
  for (const auto& [name, slot] : gone) changes.removed.push_back(words(slots, slot));
  return changes;
}

void require_room_for(const Policy& policy, const CompileContext& known) {
  std::size_t interfaces = known.interface_numbers.size();
  for (const Interface& interface : policy.interfaces)
    interfaces += known.interface_numbers.contains(interface.id) ? 0 : 1;
  if (interfaces > FlowAllowance::max_interfaces)
    throw std::runtime_error("more than " + std::to_string(FlowAllowance::max_interfaces) +
                             " interface ids since the start: restart the daemon");
  // Every one may be new.
  constexpr std::size_t defaults_of_an_acl = 4, defaults_of_an_interface = 2;
  std::size_t rules = known.slots.size() + policy.interfaces.size() * defaults_of_an_interface;
  for (const NetworkAcl& acl : policy.network_acls)
    rules += acl.ingress.size() + acl.egress.size() + defaults_of_an_acl;
  for (const SecurityGroup& group : policy.security_groups)
    rules += group.ingress.size() + group.egress.size();
  if (rules > Counters::chunk_size * Counters::max_chunks)
    throw std::runtime_error("more rules since the start than there are counters for: restart the daemon");
}

std::shared_ptr<const PreparedPolicy> prepare_from(Policy policy, std::shared_ptr<const CompileContext> known,
                                                   const CompiledPolicy* before, Prospect prospect) {
  require_room_for(policy, *known);
  auto context = std::make_shared<CompileContext>(*known);
  auto prepared = std::make_shared<PreparedPolicy>();
  prepared->compiled = compile(policy, *context, prospect.generation, prospect.devices);
  prepared->prospect = std::move(prospect);
  prepared->changes = compare(before, *prepared->compiled, context->slots);
  prepared->written = std::make_shared<const Policy>(std::move(policy));
  prepared->context = std::move(context);
  prepared->known = std::move(known);
  return prepared;
}

}  // namespace

std::shared_ptr<const PreparedPolicy> prepare(Policy policy,
                                              const std::shared_ptr<const PreparedPolicy>& in_force,
                                              Prospect prospect) {
  if (in_force == nullptr)
    return prepare_from(std::move(policy), std::make_shared<const CompileContext>(), nullptr,
                        std::move(prospect));
  return prepare_from(std::move(policy), in_force->context, in_force->compiled.get(), std::move(prospect));
}

std::shared_ptr<const PreparedPolicy> prepare_beside(Policy policy,
                                                     std::shared_ptr<const CompileContext> known) {
  return prepare_from(std::move(policy), std::move(known), nullptr, {});
}

std::shared_ptr<const PreparedPolicy> way_back(const PreparedPolicy& before, const PreparedPolicy& next,
                                               Prospect prospect) {
  auto context = std::make_shared<CompileContext>(*next.context);
  context->slots.take_names(before.context->slots);
  auto prepared = std::make_shared<PreparedPolicy>();
  prepared->written = before.written;
  prepared->compiled = with_devices(*before.compiled, prospect.generation, prospect.devices);
  prepared->prospect = std::move(prospect);
  prepared->changes = compare(next.compiled.get(), *before.compiled, context->slots);
  prepared->context = std::move(context);
  prepared->known = next.context;
  return prepared;
}

std::shared_ptr<const CompiledPolicy> compiled_for(const PreparedPolicy& policy, std::uint64_t generation,
                                                   const std::vector<DeviceBinding>& devices) {
  const std::vector<DeviceBinding>& bound = policy.prospect.devices;
  const bool came_true = policy.prospect.generation == generation &&
                         std::equal(bound.begin(), bound.end(), devices.begin(), devices.end(),
                                    [](const DeviceBinding& one, const DeviceBinding& other) {
                                      return one.device == other.device && one.interface == other.interface;
                                    });
  return came_true ? policy.compiled : with_devices(*policy.compiled, generation, devices);
}

}  // namespace vpcwall

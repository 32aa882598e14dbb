#include "runtime/reloader.h"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <tuple>

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

void compare(const CompiledPolicy* before, const CompiledPolicy& after, const CounterSlots& slots,
             ReloadReport& report) {
  std::set<CounterSlot> old_slots, new_slots;
  if (before != nullptr)
    for (const CounterSlot slot : active_slots(*before)) old_slots.insert(slot);
  for (const CounterSlot slot : active_slots(after)) new_slots.insert(slot);

  std::map<RuleName, CounterSlot> gone;
  for (const CounterSlot slot : old_slots)
    if (!new_slots.contains(slot)) gone.emplace(name_of(slots.identity(slot)), slot);
  for (const CounterSlot slot : new_slots) {
    if (old_slots.contains(slot)) continue;
    const bool changed = gone.erase(name_of(slots.identity(slot))) > 0;
    (changed ? report.changed : report.added).push_back(words(slots, slot));
  }
  for (const auto& [name, slot] : gone) report.removed.push_back(words(slots, slot));
}

}  // namespace

Reloader::Reloader(Snapshot<CompiledPolicy>& policies, Shards& shards, GenerationBarrier& barrier,
                   std::function<void(const CompiledPolicy&)> announce, std::function<void()> wake_workers)
    : policies_(policies),
      shards_(shards),
      barrier_(barrier),
      announce_(std::move(announce)),
      wake_workers_(std::move(wake_workers)) {}

void Reloader::require_room_for(const Policy& policy) const {
  std::size_t interfaces = context_.interface_numbers.size();
  for (const Interface& interface : policy.interfaces)
    interfaces += context_.interface_numbers.contains(interface.id) ? 0 : 1;
  if (interfaces > FlowAllowance::max_interfaces)
    throw std::runtime_error("more than " + std::to_string(FlowAllowance::max_interfaces) +
                             " interface ids since the start: restart the daemon");
  // Every one may be new.
  constexpr std::size_t defaults_of_an_acl = 4, defaults_of_an_interface = 2;
  std::size_t rules = context_.slots.size() + policy.interfaces.size() * defaults_of_an_interface;
  for (const NetworkAcl& acl : policy.network_acls)
    rules += acl.ingress.size() + acl.egress.size() + defaults_of_an_acl;
  for (const SecurityGroup& group : policy.security_groups)
    rules += group.ingress.size() + group.egress.size();
  if (rules > Counters::chunk_size * Counters::max_chunks)
    throw std::runtime_error("more rules since the start than there are counters for: restart the daemon");
}

ReloadReport Reloader::apply(const Policy& policy, const std::vector<DeviceBinding>& devices,
                             Duration longest_wait) {
  require_room_for(policy);
  const std::shared_ptr<const CompiledPolicy> before = policies_.get();
  const auto after = compile(policy, context_, generation_ + 1, devices);
  for (Guarded<Shard>& shard : shards_)  // reserve() is safe beside a counting worker
    shard.unguarded().counters().reserve(context_.slots.size());

  ReloadReport report;
  report.generation = ++generation_;
  compare(before.get(), *after, context_.slots, report);
  announce_(*after);
  policies_.publish(after);
  wake_workers_();
  report.everywhere = barrier_.wait(generation_, longest_wait);
  return report;
}

}  // namespace vpcwall

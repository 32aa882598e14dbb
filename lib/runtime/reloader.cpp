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

ReloadReport Reloader::apply(const Policy& policy, const std::vector<DeviceBinding>& devices,
                             Duration longest_wait) {
  const std::shared_ptr<const CompiledPolicy> before = policies_.get();
  const auto after = compile(policy, context_, generation_ + 1, devices);
  // GCOVR_EXCL_START: 65,536 interfaces are more than a test should make
  if (context_.interface_numbers.size() > FlowAllowance::max_interfaces)
    throw std::length_error("more than 65536 interface ids since the start: restart the daemon");
  // GCOVR_EXCL_STOP
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

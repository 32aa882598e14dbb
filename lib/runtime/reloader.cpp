#include "runtime/reloader.h"

#include <stdexcept>
#include <utility>

namespace vpcwall {

Reloader::Reloader(Snapshot<CompiledPolicy>& policies, Shards& shards, GenerationBarrier& barrier,
                   std::function<void(const CompiledPolicy&)> announce, std::function<void()> wake_workers)
    : policies_(policies),
      shards_(shards),
      barrier_(barrier),
      announce_(std::move(announce)),
      wake_workers_(std::move(wake_workers)) {}

void Reloader::require_prepared_from_here(const PreparedPolicy& next) const {
  if (in_force_ != nullptr && next.known != context_)
    throw std::runtime_error("another policy came into force meanwhile; ask again");
}

ReloadReport Reloader::bring_into_force(std::shared_ptr<const PreparedPolicy> next,
                                        const std::vector<DeviceBinding>& devices, Duration longest_wait) {
  require_prepared_from_here(*next);
  in_force_ = std::move(next);
  context_ = in_force_->context;
  ReloadReport report = publish(devices, longest_wait);
  static_cast<RuleChanges&>(report) = in_force_->changes;
  return report;
}

ReloadReport Reloader::apply(const Policy& policy, const std::vector<DeviceBinding>& devices,
                             Duration longest_wait) {
  return bring_into_force(prepare(policy, in_force_), devices, longest_wait);
}

ReloadReport Reloader::rebind(const std::vector<DeviceBinding>& devices, Duration longest_wait) {
  return publish(devices, longest_wait);
}

ReloadReport Reloader::publish(const std::vector<DeviceBinding>& devices, Duration longest_wait) {
  make_room_for_counters();
  const auto policy = compiled_for(*in_force_, ++generation_, devices);
  announce_(*policy);
  policies_.publish(policy);
  wake_workers_();
  ReloadReport report;
  report.generation = generation_;
  report.everywhere = barrier_.wait(generation_, longest_wait);
  return report;
}

void Reloader::add_slots(const std::function<void(CounterSlots&)>& add) {
  const auto context = std::make_shared<CompileContext>(*context_);
  add(context->slots);
  const auto in_force = std::make_shared<PreparedPolicy>(*in_force_);
  in_force->context = context_ = context;
  in_force_ = in_force;
  make_room_for_counters();
}

void Reloader::make_room_for_counters() {
  for (Guarded<Shard>& shard : shards_)  // reserve() is safe beside a counting worker
    shard.unguarded().counters().reserve(context_->slots.size());
}

}  // namespace vpcwall

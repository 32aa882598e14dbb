#include "daemon/control/conservation.h"

namespace vpcwall {

Conservation conservation_of(std::span<const QueueStatistics> queues,
                             std::span<const Counters* const> shards) {
  Conservation sum;
  for (const QueueStatistics& queue : queues) {
    sum.handed += queue.handed;
    sum.undecodable += queue.undecodable;
    sum.queue_full += queue.kernel_dropped;
    sum.socket_full += queue.user_dropped;
    sum.abandoned += queue.abandoned;
    sum.waiting += queue.waiting;
  }
  for (const Counters* shard : shards) {
    sum.judged += shard->judged();
    const std::uint64_t by_record = shard->by_record(), together = shard->together();
    sum.by_record += by_record;
    // What a worker passed by a record is counted with the kernel's own a moment later.
    sum.by_kernel += together > by_record ? together - by_record : 0;
  }
  const std::uint64_t ended = sum.judged + sum.by_record + sum.undecodable + sum.queue_full +
                              sum.socket_full + sum.abandoned + sum.waiting;
  sum.in_flight = static_cast<std::int64_t>(sum.handed - ended);
  return sum;
}

nlohmann::ordered_json to_json(const Conservation& conservation) {
  return {{"handed", conservation.handed},         {"judged", conservation.judged},
          {"by_record", conservation.by_record},   {"undecodable", conservation.undecodable},
          {"queue_full", conservation.queue_full}, {"socket_full", conservation.socket_full},
          {"abandoned", conservation.abandoned},   {"waiting", conservation.waiting},
          {"in_flight", conservation.in_flight},   {"by_kernel", conservation.by_kernel}};
}

}  // namespace vpcwall

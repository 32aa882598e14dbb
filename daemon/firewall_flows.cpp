// All flows, part by part.
#include "daemon/firewall.h"

namespace vpcwall {

// Those that wait come first: a worker may take one over meanwhile, and never gives one back.
bool Firewall::next_flows(FlowCursor& cursor, TimePoint at, std::vector<Flow>& flows) const {
  if (!cursor.all_waiting_seen) {
    const std::size_t end = cursor.bucket + FlowCursor::places_at_a_time;
    waiting_.visit(cursor.bucket, end, at, [&](const Flow& flow) {
      flows.push_back(flow);
      cursor.waited.insert(flow.key);
    });
    cursor.bucket = end;
    cursor.all_waiting_seen = end >= waiting_.buckets();
    return true;
  }
  if (cursor.shard >= shards_.size()) return false;
  const std::uint32_t end = cursor.place + FlowCursor::places_at_a_time;
  const std::uint32_t places = shards_[cursor.shard].read([&](const Shard& one) {
    one.flows().visit(cursor.place, end, at, [&](const Flow& flow) {
      if (cursor.waited.empty() || cursor.waited.erase(flow.key) == 0) flows.push_back(flow);
    });
    return one.flows().places();
  });
  cursor.place = end;
  if (end >= places) {
    ++cursor.shard;
    cursor.place = 0;
  }
  return true;
}

}  // namespace vpcwall

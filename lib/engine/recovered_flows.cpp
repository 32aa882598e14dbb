#include "engine/recovered_flows.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "fast_path/tuple.h"
#include "flow/flow_state.h"

namespace vpcwall {
namespace {

TimePoint time_of(std::uint64_t nanoseconds) noexcept {
  return TimePoint(Duration(static_cast<Duration::rep>(nanoseconds)));
}

std::optional<Flow> flow_at(const fast_path::flow_record& record, std::size_t side, InterfaceNumber interface,
                            TimePoint now) {
  const std::uint32_t bits = record.state >> (fast_path::side_bits * side);
  const auto state = bits & fast_path::side_state;
  if (state >= flow_state_count || (record.tuple.family != 4 && record.tuple.family != 6))
    return std::nullopt;
  const fast_path::flow_direction& line = record.direction[side];
  const bool first_is_local = line.side_first_is_local != 0;
  const bool first_replies = (bits & fast_path::side_first_replies) != 0;

  Flow flow;
  flow.key = key_of(record.tuple, first_is_local, interface);
  flow.state = static_cast<FlowState>(state);
  flow.opened_by = Flow::nobody;
  // Who opened it sends in the original direction.
  flow.originator = first_is_local != first_replies ? Originator::local : Originator::remote;
  for (std::size_t direction = 0; direction < 2; ++direction) {
    const std::size_t as = (direction == 0) == first_replies ? 1 : 0;
    flow.packets[as] = record.direction[direction].packets;
    flow.bytes[as] = record.direction[direction].bytes;
  }
  flow.last_packet = time_of(std::max(record.direction[0].last, record.direction[1].last));
  flow.opened_at = time_of(line.side_opened);
  const fast_path::idle_settings& idle = record.idle[side];
  flow.expires =
      flow.last_packet + idle_timeout(flow.state, {idle.tcp_established, idle.udp, idle.udp_stream});
  if (flow.opened_at > flow.last_packet || flow.last_packet > now) return std::nullopt;
  return flow;
}

// Calls `take(flow, retired)` for each tracked side of each record.
template <class Take>
void each_flow(std::span<const fast_path::flow_record> records, const CompiledPolicy& policy, TimePoint now,
               Take&& take) {
  std::unordered_map<std::uint64_t, InterfaceNumber> numbers;
  for (const CompiledInterface& interface : policy.interfaces)
    numbers.emplace(interface.mark, interface.number);
  for (const fast_path::flow_record& shared : records) {
    const fast_path::flow_record record = shared;  // a side is read from one copy
    const bool retired = record.generation == 0 || (record.state & VPCWALL_RETIRED) != 0;
    for (std::size_t side = 0; side < 2; ++side) {
      if ((record.state >> (fast_path::side_bits * side) & fast_path::side_tracked) == 0) continue;
      const auto number = numbers.find(record.direction[side].side_interface);
      if (number == numbers.end()) continue;
      if (const auto flow = flow_at(record, side, number->second, now)) take(*flow, retired);
    }
  }
}

}  // namespace

std::vector<Flow> recovered_flows(std::span<const fast_path::flow_record> records,
                                  const CompiledPolicy& policy, TimePoint now) {
  std::vector<Flow> flows;
  each_flow(records, policy, now, [&](const Flow& flow, bool retired) {
    if (!retired && flow.expires > now) flows.push_back(flow);
  });
  return flows;
}

// Of a record that is retired the worker knows better, but for one thing: a process may be killed after it
// retired the record of a closed flow and before it took that over.
std::vector<Flow> flows_that_ended(std::span<const fast_path::flow_record> records,
                                   const CompiledPolicy& policy, TimePoint now) {
  std::vector<Flow> flows;
  each_flow(records, policy, now, [&](const Flow& flow, bool retired) {
    if (is_closed(flow.state) || (!retired && flow.expires <= now)) flows.push_back(flow);
  });
  return flows;
}

}  // namespace vpcwall

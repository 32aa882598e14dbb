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
  if (flow.opened_at > flow.last_packet || flow.last_packet > now || flow.expires <= now) return std::nullopt;
  return flow;
}

}  // namespace

std::vector<Flow> recovered_flows(std::span<const fast_path::flow_record> records,
                                  const CompiledPolicy& policy, TimePoint now) {
  std::unordered_map<std::uint64_t, InterfaceNumber> numbers;
  for (const CompiledInterface& interface : policy.interfaces)
    numbers.emplace(interface.mark, interface.number);
  std::vector<Flow> flows;
  for (const fast_path::flow_record& shared : records) {
    if (shared.generation == 0 || (shared.state & VPCWALL_RETIRED) != 0) continue;
    const fast_path::flow_record record = shared;  // a side is read from one copy
    for (std::size_t side = 0; side < 2; ++side) {
      if ((record.state >> (fast_path::side_bits * side) & fast_path::side_tracked) == 0) continue;
      const auto number = numbers.find(record.direction[side].side_interface);
      if (number == numbers.end()) continue;
      if (const auto flow = flow_at(record, side, number->second, now)) flows.push_back(*flow);
    }
  }
  return flows;
}

}  // namespace vpcwall

// The states of a tracked flow, how a packet moves a flow between them, and how long each may idle.
//
// Three protocols have states: TCP (handshake, open, closing; flags only, no sequence numbers, C-46), UDP
// (a stream begins with the second completed request-response, C-70 to C-72), and everything else has one.
// All of it is pure functions over values; nobody here knows a clock or a table. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "net/packet.h"

namespace vpcwall {

enum class FlowState : std::uint8_t {
  syn_sent,
  syn_received,
  established,
  fin_wait,
  close_wait,
  last_ack,
  time_wait,
  closed,              // ended by RST
  udp_request,         // originals only
  udp_reply,           // one transaction completed
  udp_second_request,  // an original after a reply
  udp_stream,          // "more than one request-response" (C-33)
  icmp,
  other,  // addresses and protocol number only (C-5)
};
inline constexpr std::size_t flow_state_count = 14;

// original: the direction of the packet that opened the flow.
enum class FlowDirection : std::uint8_t { original, reply };

// Idle timeouts that an interface may set (C-30 to C-33, C-39).
struct FlowTimeouts {
  std::uint32_t tcp_established = 432000;  // seconds
  std::uint32_t udp = 30;
  std::uint32_t udp_stream = 180;
};

[[nodiscard]] std::string_view to_string(FlowState state) noexcept;

// Idle time after which a flow in `state` is gone (C-30 to C-37).
[[nodiscard]] Duration idle_timeout(FlowState state, const FlowTimeouts& timeouts) noexcept;

// The state of a flow right after the packet that opened it. A connection that is picked up in mid-stream
// (C-43, tcp_midstream: loose) starts established.
[[nodiscard]] FlowState first_state(Protocol protocol, Family family, const TcpFlags& flags) noexcept;

// The state after one more accepted packet.
[[nodiscard]] FlowState next_state(FlowState state, const TcpFlags& flags, FlowDirection direction) noexcept;

// Past FIN and RST: a fresh SYN on the same tuple starts anew (C-29).
[[nodiscard]] constexpr bool is_closed(FlowState state) noexcept {
  return state == FlowState::time_wait || state == FlowState::closed;
}

}  // namespace vpcwall

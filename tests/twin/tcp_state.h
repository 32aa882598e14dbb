// How far a TCP connection has come, by the flags of its packets alone (C-46). The states and their timers
// are netfilter's (C-36, C-37, C-41).
#pragma once

#include "net/packet.h"

namespace vpcwall::twin {

enum class TcpState {
  syn_sent,
  syn_received,
  established,
  fin_wait,    // one FIN was seen
  close_wait,  // and an ACK after it
  last_ack,    // a second FIN was seen
  time_wait,   // and an ACK after it
  closed,      // an RST was seen
};

// The state after a packet of the flow has passed. `reply`: against the direction of the packet that opened
// the flow.
[[nodiscard]] TcpState after_packet(TcpState state, bool reply, const TcpFlags& flags);

// A new SYN finds the connection over, and counts as the first packet of another one (C-29).
[[nodiscard]] bool is_over(TcpState state);

}  // namespace vpcwall::twin

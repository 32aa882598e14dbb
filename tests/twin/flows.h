// What is remembered of the flows of one interface.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "net/packet.h"
#include "policy/policy.h"
#include "twin/datagram.h"
#include "twin/tcp_state.h"

namespace vpcwall::twin {

struct Flow {
  Datagram original;                         // the packet that opened it
  Direction direction = Direction::ingress;  // that packet's
  TcpState tcp_state = TcpState::syn_sent;
  int udp_turns = 1;   // original, reply, original, reply: 4 turns make a stream (C-70)
  Duration ends_at{};  // without another packet it is gone at this very time (C-42)
};

// By the name of the flow.
using FlowTable = std::map<std::string, Flow>;

// The name of the flow that this packet opens or continues as the original direction does, and the name of
// the flow whose reply it is. None: no flow can have such a packet there (C-3, C-5, C-48).
//
// `direction`: how it crosses the interface. That is part of the name: a response crosses against its request
// (C-1), and what an interface forwards crosses it twice, in two flows (D-5).
[[nodiscard]] std::optional<std::string> name_as_original(const Datagram& datagram, Direction direction);
[[nodiscard]] std::optional<std::string> name_as_reply(const Datagram& datagram, Direction direction);

struct FoundFlow {
  std::string name;
  bool reply = false;
};
[[nodiscard]] std::optional<FoundFlow> find_flow(const FlowTable& table, const Datagram& datagram,
                                                 Direction direction);

// A packet of the flow has passed: its states move on and its timer starts again with the value in force now
// (C-42).
void note_packet(Flow& flow, bool reply, const TcpFlags& flags, const Tracking& tracking, Duration at);
void restart_timer(Flow& flow, const Tracking& tracking, Duration at);

// Forgets every flow whose time is over.
void forget_ended(FlowTable& table, Duration at);

}  // namespace vpcwall::twin

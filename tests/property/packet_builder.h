// Packets that descriptors describe, aimed at what a policy speaks of: the addresses of its interfaces, the
// peers and ports of its rules and entries, and what stands just beside them. Every packet is one that
// parse_packet() could have read. Pure; any thread.
#pragma once

#include <vector>

#include "net/packet.h"
#include "policy/policy.h"
#include "property/descriptor.h"
#include "replay/step.h"

namespace vpcwall::property {

// A packet, the sides that meet it and where it comes from; an empty path: the addresses say it.
// Origin::interface: from the device of the side that is left, of which there is one.
struct Send {
  Packet packet;
  std::vector<PathSide> path;
  Origin from = Origin::believed;
};

[[nodiscard]] Send packet_for(const Policy& policy, Choices choices);

// One more packet of the flow of `earlier`, or of one beside it. Which, and whether it is a reply, is chosen.
[[nodiscard]] Send packet_after(const Policy& policy, const Send& earlier, Choices choices);

// An ICMP error that speaks of `earlier`, or nearly so.
[[nodiscard]] Send error_about(const Policy& policy, const Send& earlier, Choices choices);

// The answer that `earlier` asks for, with these flags where it is TCP; its path turned round.
[[nodiscard]] Send reply_to_sent(const Send& earlier, TcpFlags flags);

}  // namespace vpcwall::property

// Which flow a packet belongs to, seen from one interface; pure functions of addresses, ports and
// identifiers.
//
// No key means: this packet has no state and never will, because its header is cut, or it is an ICMP message
// that is neither query nor reply (C-48, C-53), or its protocol is not known (S-68).
#pragma once

#include <optional>

#include "flow/flow_key.h"
#include "net/packet.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

// `direction` is the packet's, seen from the interface: ingress means its destination is the local side.
[[nodiscard]] inline std::optional<FlowKey> flow_key(const Packet& packet, Direction direction,
                                                     InterfaceNumber interface) noexcept;

// The same for packets without ports.
[[nodiscard]] std::optional<FlowKey> portless_flow_key(const Packet& packet, Direction direction,
                                                       InterfaceNumber interface) noexcept;

// The flow that an ICMP error speaks of. The quoted packet travelled against the error: an error that arrives
// quotes a packet that the interface sent.
[[nodiscard]] std::optional<FlowKey> quoted_flow_key(const Packet& error, Direction direction,
                                                     InterfaceNumber interface) noexcept;

// Of a packet or a quoted one that has ports and a whole header.
template <class AnyPacket>
[[nodiscard]] FlowKey ported_flow_key(const AnyPacket& packet, Direction direction,
                                      InterfaceNumber interface) noexcept {
  const bool local_sends = direction == Direction::egress;
  const IpAddress& local = local_sends ? packet.source : packet.destination;
  const IpAddress& remote = local_sends ? packet.destination : packet.source;
  return {local.high,
          local.low,
          remote.high,
          remote.low,
          interface,
          local_sends ? packet.source_port : packet.destination_port,
          local_sends ? packet.destination_port : packet.source_port,
          packet.protocol,
          local.family};
}

// Here because every packet comes this way, and a key that never stands in memory is the faster one.
inline std::optional<FlowKey> flow_key(const Packet& packet, Direction direction,
                                       InterfaceNumber interface) noexcept {
  if (!has_ports(packet.protocol)) return portless_flow_key(packet, direction, interface);
  if (packet.transport != Transport::whole) return std::nullopt;
  return ported_flow_key(packet, direction, interface);
}

}  // namespace vpcwall

#include "engine/flow_identity.h"

namespace vpcwall {
namespace {

// Packet and QuotedPacket share the names of what is needed here.
template <class AnyPacket>
std::optional<FlowKey> key_of(const AnyPacket& packet, Direction direction,
                              InterfaceNumber interface) noexcept {
  const bool local_sends = direction == Direction::egress;
  const IpAddress& local = local_sends ? packet.source : packet.destination;
  const IpAddress& remote = local_sends ? packet.destination : packet.source;
  FlowKey key{local.high, local.low, remote.high, remote.low, interface, 0, 0, packet.protocol, local.family};

  if (has_ports(packet.protocol)) {
    if (packet.transport != Transport::whole) return std::nullopt;
    key.local_port = local_sends ? packet.source_port : packet.destination_port;
    key.remote_port = local_sends ? packet.destination_port : packet.source_port;
    return key;
  }
  if (packet.transport == Transport::whole) {  // ICMP under its own family
    const bool query = is_icmp_query(packet.protocol, packet.icmp_type);
    const auto answered = answered_query(packet.protocol, packet.icmp_type);
    if (!query && !answered) return std::nullopt;
    const bool local_asked = query == local_sends;
    const unsigned type = query ? packet.icmp_type : *answered;
    key.local_port = packet.icmp_identifier;
    key.remote_port = static_cast<std::uint16_t>((type << 1U) | (local_asked ? 1U : 0U));
    return key;
  }
  if (packet.transport != Transport::none) return std::nullopt;
  return key;  // C-5: addresses and protocol number
}

}  // namespace

std::optional<FlowKey> flow_key(const Packet& packet, Direction direction,
                                InterfaceNumber interface) noexcept {
  return key_of(packet, direction, interface);
}

std::optional<FlowKey> quoted_flow_key(const Packet& error, Direction direction,
                                       InterfaceNumber interface) noexcept {
  if (!error.quoted) return std::nullopt;
  return key_of(*error.quoted, opposite(direction), interface);
}

}  // namespace vpcwall

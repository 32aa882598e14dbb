#include "engine/flow_identity.h"

namespace vpcwall {
namespace {

// Packet and QuotedPacket share the names of what is needed here.
template <class AnyPacket>
std::optional<FlowKey> portless_key(const AnyPacket& packet, Direction direction,
                                    InterfaceNumber interface) noexcept {
  const bool local_sends = direction == Direction::egress;
  const IpAddress& local = local_sends ? packet.source : packet.destination;
  const IpAddress& remote = local_sends ? packet.destination : packet.source;
  std::uint16_t local_port = 0, remote_port = 0;
  if (packet.transport == Transport::whole) {  // ICMP under its own family
    const bool query = is_icmp_query(packet.protocol, packet.icmp_type);
    const auto answered = answered_query(packet.protocol, packet.icmp_type);
    if (!query && !answered) return std::nullopt;
    const bool local_asked = query == local_sends;
    const unsigned type = query ? packet.icmp_type : *answered;
    local_port = packet.icmp_identifier;
    remote_port = static_cast<std::uint16_t>((type << 1U) | (local_asked ? 1U : 0U));
  } else if (packet.transport != Transport::none) {
    return std::nullopt;
  }  // else C-5: addresses and protocol number
  return FlowKey{local.high, local.low,   remote.high,     remote.low,  interface,
                 local_port, remote_port, packet.protocol, local.family};
}

}  // namespace

std::optional<FlowKey> portless_flow_key(const Packet& packet, Direction direction,
                                         InterfaceNumber interface) noexcept {
  return portless_key(packet, direction, interface);
}

std::optional<FlowKey> quoted_flow_key(const Packet& error, Direction direction,
                                       InterfaceNumber interface) noexcept {
  if (!error.quoted) return std::nullopt;
  const QuotedPacket& quoted = *error.quoted;
  if (!has_ports(quoted.protocol)) return portless_key(quoted, opposite(direction), interface);
  if (quoted.transport != Transport::whole) return std::nullopt;
  return ported_flow_key(quoted, opposite(direction), interface);
}

}  // namespace vpcwall

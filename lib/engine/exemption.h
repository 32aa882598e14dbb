// Traffic that no gate filters, and packets that cannot have come from where they claim to come from. The two
// belong together: what a service sends is exempt only because it has come from where a service can be.
//
// Pure; any thread. Inline, because every packet comes this way.
#pragma once

#include "engine/journey.h"

namespace vpcwall {

namespace exemption {
inline constexpr Prefix loopback4{{std::uint64_t{127} << 56U, 0, Family::ipv4}, 8};
inline constexpr Prefix loopback6{{0, 1, Family::ipv6}, 128};
inline constexpr Prefix link_local6{{0xfe80ULL << 48U, 0, Family::ipv6}, 10};
inline constexpr Prefix unspecified4{{0, 0, Family::ipv4}, 32};
inline constexpr Prefix limited_broadcast{{0xffffffffULL << 32U, 0, Family::ipv4}, 32};
inline constexpr Prefix dhcp_servers6{{0xff02ULL << 48U, 0x1'0002, Family::ipv6}, 128};
}  // namespace exemption

// What is known of the address at the far end of a side, and at the near end.
[[nodiscard]] inline AddressFacts far_end(const Ends& ends, Direction direction) noexcept {
  return direction == Direction::egress ? ends.destination() : ends.source();
}
[[nodiscard]] inline AddressFacts near_end(const Ends& ends, Direction direction) noexcept {
  return direction == Direction::egress ? ends.source() : ends.destination();
}

// O-5: a host that talks to itself never meets a gate. Where devices say that a packet came from somebody
// else, its addresses alone do not make it one.
[[nodiscard]] inline bool is_loopback(const Packet& packet, const Journey& journey,
                                      const Ends& ends) noexcept {
  const Prefix& range = packet.family() == Family::ipv4 ? exemption::loopback4 : exemption::loopback6;
  if (range.contains(packet.source) && range.contains(packet.destination)) return true;
  if (journey.leaves == no_interface || journey.leaves != journey.enters) return false;
  return ends.source().owner() == journey.leaves && ends.destination().owner() == journey.leaves;
}

// E-21: neighbour discovery and multicast listener discovery, as far as they cannot come from beyond the
// link.
[[nodiscard]] inline bool is_neighbour_discovery(const Packet& packet) noexcept {
  if (packet.protocol != Protocol::icmpv6 || packet.transport != Transport::whole) return false;
  const std::uint8_t type = packet.icmp_type;
  if (type >= 133 && type <= 137) return packet.hop_limit == 255;
  const bool listener = (type >= 130 && type <= 132) || type == 143;
  return listener && packet.hop_limit == 1 && exemption::link_local6.contains(packet.source);
}

// D-1 to D-6, E-16, E-17: an address that the policy speaks of is accepted only from where it can be.
[[nodiscard]] inline bool comes_from_its_place(const CompiledPolicy& policy, const Journey& journey,
                                               const Ends& ends) noexcept {
  const AddressFacts source = ends.source();
  if (source.exempt()) return journey.origin == Origin::services || journey.origin == Origin::host;
  if (const InterfaceIndex owner = source.owner(); owner != no_interface) {
    if (journey.origin == Origin::interface) return owner == journey.leaves;
    return journey.origin != Origin::uplink && !policy.interfaces[owner].has_device;
  }
  if (source.subnet() == no_subnet) return true;
  if (journey.origin == Origin::interface) return policy.interfaces[journey.leaves].subnet == source.subnet();
  return journey.origin != Origin::uplink;
}

// E-19: DHCP by its ports.
[[nodiscard]] inline bool has_dhcp_ports(const Packet& packet, Direction direction) noexcept {
  if (packet.protocol != Protocol::udp || packet.transport != Transport::whole) return false;
  const std::uint16_t client = packet.family() == Family::ipv4 ? 68 : 546;
  const std::uint16_t server = packet.family() == Family::ipv4 ? 67 : 547;
  const bool from_client = direction == Direction::egress;
  return packet.source_port == (from_client ? client : server) &&
         packet.destination_port == (from_client ? server : client);
}

// E-19: on the link only. A client's end is one of the interface's own addresses, or what it has before it
// has any.
[[nodiscard]] inline bool is_dhcp(const Packet& packet, Direction direction, const Journey& journey,
                                  const Ends& ends) noexcept {
  if (!has_dhcp_ports(packet, direction)) return false;
  const bool leaving = direction == Direction::egress;
  const InterfaceIndex side = leaving ? journey.leaves : journey.enters;
  if (side == no_interface) return false;
  const IpAddress& client = leaving ? packet.source : packet.destination;
  const bool own = near_end(ends, direction).owner() == side || exemption::link_local6.contains(client);
  if (leaving)
    return (own || exemption::unspecified4.contains(client)) &&
           (exemption::limited_broadcast.contains(packet.destination) ||
            exemption::dhcp_servers6.contains(packet.destination));
  return journey.origin == Origin::services && (own || exemption::limited_broadcast.contains(client));
}

// E-16 to E-21, at one side of a packet that has come from its place.
[[nodiscard]] inline bool is_exempt(const Packet& packet, Direction direction, const Journey& journey,
                                    const Ends& ends) noexcept {
  return far_end(ends, direction).exempt() || is_dhcp(packet, direction, journey, ends) ||
         is_neighbour_discovery(packet);
}

}  // namespace vpcwall

#include "twin/exemptions.h"

#include <array>
#include <iomanip>
#include <sstream>
#include <string>
#include <vector>

#include "twin/address.h"

namespace vpcwall::twin {
namespace {

IpAddress written(const std::string& text) { return parse_address(text).value(); }

// E-7 to E-12, and E-18: base + 2 of the primary range of the VPC, of no other.
std::vector<IpAddress> service_addresses(const Policy& policy) {
  std::vector<IpAddress> services;
  for (const char* address :
       {"169.254.169.253", "fd00:ec2::253", "169.254.169.254", "fd00:ec2::254", "169.254.169.123",
        "fd00:ec2::123", "169.254.170.2", "169.254.169.250", "169.254.169.251"})
    services.push_back(written(address));
  if (policy.vpc.cidr) services.push_back(advance(policy.vpc.cidr->base, 2));
  return services;
}

// fe80:: and the MAC address with ff:fe in its middle and the second lowest bit of its first byte turned.
IpAddress eui64_link_local(const std::array<std::uint8_t, 6>& mac) {
  std::ostringstream text;
  const auto pair = [&text](unsigned high, unsigned low) { text << ':' << std::hex << (high << 8U | low); };
  text << "fe80:";
  pair(mac[0] ^ 0x02U, mac[1]);
  pair(mac[2], 0xffU);
  pair(0xfeU, mac[3]);
  pair(mac[4], mac[5]);
  return written(text.str());
}

// E-13, E-17: base + 1 of every subnet's ranges, and the router's own link-local addresses.
std::vector<IpAddress> router_addresses(const Policy& policy) {
  std::vector<IpAddress> routers{written("fe80:ec2::1")};
  for (const Subnet& subnet : policy.subnets) {
    if (subnet.cidr) routers.push_back(advance(subnet.cidr->base, 1));
    if (subnet.ipv6_cidr) routers.push_back(advance(subnet.ipv6_cidr->base, 1));
  }
  if (policy.vpc.router_mac) routers.push_back(eui64_link_local(*policy.vpc.router_mac));
  return routers;
}

// E-16: the peer is the far end. What claims to come from a service has come from where one can be.
bool peer_is_one_of(const Packet& packet, Direction direction, const std::vector<IpAddress>& addresses) {
  const IpAddress& peer = direction == Direction::egress ? packet.destination : packet.source;
  for (const IpAddress& address : addresses)
    if (peer == address) return true;
  return false;
}

// E-15
bool has_dhcp_ports(const Packet& packet, Direction direction) {
  if (packet.protocol != Protocol::udp || packet.transport != Transport::whole) return false;
  const unsigned client = packet.family() == Family::ipv4 ? 68 : 546;
  const unsigned server = packet.family() == Family::ipv4 ? 67 : 547;
  if (direction == Direction::egress)
    return packet.source_port == client && packet.destination_port == server;
  return packet.source_port == server && packet.destination_port == client;
}

// E-19: on the link only. What a client asks goes to everybody on the link, or to a service, which is exempt
// in any case; what it is told comes from where the services are.
bool is_dhcp(const Packet& packet, Direction direction, const Interface* interface, Origin from) {
  if (interface == nullptr || !has_dhcp_ports(packet, direction)) return false;
  const auto is_own = [interface](const IpAddress& address) {
    return belongs_to(address, *interface) || is_link_local_ipv6(address);
  };
  if (direction == Direction::egress) {
    const bool asks = packet.source == written("0.0.0.0") || is_own(packet.source);
    return asks &&
           (packet.destination == written("255.255.255.255") || packet.destination == written("ff02::1:2"));
  }
  return from == Origin::services &&
         (packet.destination == written("255.255.255.255") || is_own(packet.destination));
}

bool is_icmpv6(const Packet& packet) {
  return packet.family() == Family::ipv6 && packet.protocol == Protocol::icmpv6 &&
         packet.transport == Transport::whole;
}

// E-21: hop limit 255 shows that no router forwarded it.
bool is_neighbour_discovery(const Packet& packet) {
  return is_icmpv6(packet) && packet.icmp_type >= 133 && packet.icmp_type <= 137 && packet.hop_limit == 255;
}

// E-21
bool is_multicast_listener(const Packet& packet) {
  const int type = packet.icmp_type;
  return is_icmpv6(packet) && (type == 130 || type == 131 || type == 132 || type == 143) &&
         is_link_local_ipv6(packet.source) && packet.hop_limit == 1;
}

}  // namespace

bool is_service_address(const IpAddress& address, const Policy& policy) {
  for (const std::vector<IpAddress>& addresses : {service_addresses(policy), router_addresses(policy)})
    for (const IpAddress& one : addresses)
      if (one == address) return true;
  return false;
}

bool stays_on_link(const Packet& packet) {
  return is_neighbour_discovery(packet) || is_multicast_listener(packet);
}

bool is_exempt(const Packet& packet, Direction direction, const Interface* interface, Origin from,
               const Policy& policy) {
  return peer_is_one_of(packet, direction, service_addresses(policy)) ||
         peer_is_one_of(packet, direction, router_addresses(policy)) ||
         is_dhcp(packet, direction, interface, from) || stays_on_link(packet);
}

}  // namespace vpcwall::twin

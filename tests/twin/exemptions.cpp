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

// E-16: the peer is the far end, whoever sent the packet (E-24). Who sends with a service's address is none.
bool peer_is_one_of(const Packet& packet, Direction direction, const std::vector<IpAddress>& addresses) {
  const IpAddress& peer = direction == Direction::egress ? packet.destination : packet.source;
  for (const IpAddress& address : addresses)
    if (peer == address) return true;
  return false;
}

// E-15, E-19: the client is at the interface, the server may be anywhere.
bool is_dhcp(const Packet& packet, Direction direction) {
  if (packet.protocol != Protocol::udp || packet.transport != Transport::whole) return false;
  const unsigned client = packet.family() == Family::ipv4 ? 68 : 546;
  const unsigned server = packet.family() == Family::ipv4 ? 67 : 547;
  if (direction == Direction::egress)
    return packet.source_port == client && packet.destination_port == server;
  return packet.source_port == server && packet.destination_port == client;
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

bool is_aws_address(const IpAddress& address, const Policy& policy) {
  for (const IpAddress& service : service_addresses(policy))
    if (address == service) return true;
  for (const IpAddress& router : router_addresses(policy))
    if (address == router) return true;
  return false;
}

bool is_exempt(const Packet& packet, Direction direction, const Policy& policy) {
  return peer_is_one_of(packet, direction, service_addresses(policy)) ||
         peer_is_one_of(packet, direction, router_addresses(policy)) || is_dhcp(packet, direction) ||
         is_neighbour_discovery(packet) || is_multicast_listener(packet);
}

}  // namespace vpcwall::twin

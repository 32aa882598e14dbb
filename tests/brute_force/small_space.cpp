#include "brute_force/small_space.h"

#include <array>

namespace vpcwall::brute_force {
namespace {

void add_network(std::vector<IpAddress>& all, const char* base, std::uint32_t count) {
  for (std::uint32_t offset = 0; offset < count; ++offset)
    all.push_back(advance(*parse_address(base), offset));
}

std::vector<IpAddress> make_addresses(Family family) {
  std::vector<IpAddress> all;
  if (family == Family::ipv4) {
    add_network(all, "10.0.0.0", 34);
    add_network(all, "192.0.2.0", 9);
    for (const char* one : {"8.8.8.8", "127.0.0.1", "169.254.169.254", "224.0.0.251", "255.255.255.255"})
      all.push_back(*parse_address(one));
  } else {
    add_network(all, "2001:db8:0:100::", 17);
    add_network(all, "2001:db8:0:101::", 17);
    add_network(all, "2001:db8:ffff::", 9);
    for (const char* one : {"2606:4700::1111", "::1", "fd00:ec2::254", "ff02::fb", "fe80::1"})
      all.push_back(*parse_address(one));
  }
  return all;
}

void add_ports(std::vector<Packet>& all, const Packet& like, PortSpace ports) {
  std::vector<std::uint16_t> destinations{65535};
  for (unsigned i = 0; i <= PortSpace::size; ++i)
    destinations.push_back(static_cast<std::uint16_t>(ports.base + i));
  const PortRange clients = client_ports(ports);
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp})
    for (const std::uint16_t destination : destinations)
      for (unsigned client = clients.first; client <= clients.last; ++client) {
        Packet packet = like;
        packet.protocol = protocol;
        packet.transport = Transport::whole;
        packet.tcp_flags.syn = protocol == Protocol::tcp;
        packet.source_port = static_cast<std::uint16_t>(client);
        packet.destination_port = destination;
        all.push_back(packet);
      }
}

void add_icmp(std::vector<Packet>& all, const Packet& like) {
  const bool four = like.family() == Family::ipv4;
  constexpr std::array<std::uint8_t, 7> types4{0, 3, 8, 11, 12, 13, 255}, types6{1, 2, 3, 128, 129, 135, 255};
  constexpr std::array<std::uint8_t, 6> codes{0, 1, 2, 3, 4, 255};
  for (const std::uint8_t type : four ? types4 : types6)
    for (const std::uint8_t code : codes) {
      Packet packet = like;
      packet.protocol = four ? Protocol::icmp : Protocol::icmpv6;
      packet.transport = Transport::whole;
      packet.icmp_type = type;
      packet.icmp_code = code;
      all.push_back(packet);
    }
}

}  // namespace

const std::vector<IpAddress>& addresses(Family family) {
  static const std::vector<IpAddress> four = make_addresses(Family::ipv4), six = make_addresses(Family::ipv6);
  return family == Family::ipv4 ? four : six;
}

PortRange client_ports(PortSpace ports) {
  return {static_cast<std::uint16_t>(ports.base + 2), static_cast<std::uint16_t>(ports.base + 5)};
}

std::vector<Packet> requests(const IpAddress& source, const IpAddress& destination, PortSpace ports) {
  Packet like;
  like.source = source;
  like.destination = destination;
  like.length = 60;
  std::vector<Packet> all;
  add_ports(all, like, ports);
  add_icmp(all, like);
  // Named by some policies, named by none, and the other family's ICMP.
  for (const Protocol protocol : {Protocol::gre, Protocol::esp, Protocol{253}, Protocol{2},
                                  source.family == Family::ipv4 ? Protocol::icmpv6 : Protocol::icmp}) {
    Packet packet = like;
    packet.protocol = protocol;
    all.push_back(packet);
  }
  return all;
}

}  // namespace vpcwall::brute_force

#include "twin/network_acl.h"

#include <map>
#include <stdexcept>

#include "twin/address.h"

namespace vpcwall::twin {
namespace {

const NetworkAcl& acl_of(const Policy& policy, const Subnet& subnet) {
  for (const NetworkAcl& acl : policy.network_acls)
    if (acl.id == subnet.network_acl) return acl;
  throw std::invalid_argument("subnet " + subnet.name + " has no network ACL");
}

// What one can say of an entry and a packet (S-68, S-69).
enum class Match { no, possibly, certainly };

Match match_if(bool fits) { return fits ? Match::certainly : Match::no; }

// N-14, N-17; a cut header may hold any port (S-69).
Match match_ports(const Traffic& traffic, const Datagram& datagram) {
  const bool names_ports = traffic.ports.first != 0 || traffic.ports.last != 65535;
  if (!names_ports) return Match::certainly;
  if (datagram.cut) return Match::possibly;
  return match_if(traffic.ports.first <= datagram.destination_port &&
                  datagram.destination_port <= traffic.ports.last);
}

// N-18; for a cut header as with ports (S-69).
Match match_type(const Traffic& traffic, const Datagram& datagram) {
  if (!traffic.icmp_type) return Match::certainly;
  if (datagram.cut) return Match::possibly;
  if (!datagram.readable || datagram.icmp_type != *traffic.icmp_type) return Match::no;
  return match_if(!traffic.icmp_code || datagram.icmp_code == *traffic.icmp_code);
}

// A packet of an unknown protocol may be one that the entry describes, if there are such packets: no IPv6
// packet has the type of an ICMP message (N-18).
Match match_lost(const Traffic& traffic, const Datagram& datagram) {
  const bool describes_none =
      datagram.family() == Family::ipv6 && traffic.protocol == Protocol::icmp && traffic.icmp_type;
  return describes_none ? Match::no : Match::possibly;
}

Match match_traffic(const NetworkAclEntry& entry, const Datagram& datagram) {
  const Traffic& traffic = entry.traffic;
  if (!traffic.protocol) return Match::certainly;  // N-15, N-16
  if (datagram.lost) return match_lost(traffic, datagram);
  if (datagram.protocol != *traffic.protocol) return Match::no;
  switch (*traffic.protocol) {
    case Protocol::tcp:
    case Protocol::udp: return match_ports(traffic, datagram);
    case Protocol::icmp: return match_type(traffic, datagram);
    case Protocol::icmpv6:  // with an IPv4 range, type and code are ignored (N-19)
      if (entry.cidr.base.family == Family::ipv4) return Match::certainly;
      return match_type(traffic, datagram);
    default: return Match::certainly;  // N-16
  }
}

// S-68, S-69: an entry that denies applies to what it might match, one that allows only to what it matches.
bool applies_to(const NetworkAclEntry& entry, const Datagram& datagram) {
  const Match match = match_traffic(entry, datagram);
  return entry.action == Action::deny ? match != Match::no : match == Match::certainly;
}

// N-12: the source of what enters, the destination of what leaves; N-8: an entry has one family.
bool entry_matches(const NetworkAclEntry& entry, Direction direction, const Datagram& datagram) {
  const IpAddress& peer = direction == Direction::ingress ? datagram.source : datagram.destination;
  return lies_in(peer, entry.cidr) && applies_to(entry, datagram);
}

}  // namespace

AclAnswer ask_network_acl(const Policy& policy, const Subnet& subnet, Direction direction,
                          const Datagram& datagram) {
  std::map<int, NetworkAclEntry> by_number;  // N-4: a list per direction; N-9: a number occurs once in it
  for (const NetworkAclEntry& entry : acl_of(policy, subnet).entries(direction))
    by_number[entry.number] = entry;
  for (const auto& [number, entry] : by_number)
    if (entry_matches(entry, direction, datagram))
      return {entry.action == Action::allow, std::to_string(number)};
  return {};
}

}  // namespace vpcwall::twin

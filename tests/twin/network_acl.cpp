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

// N-14, N-17; a cut header shows no port, so only an entry that names none matches it (S-69).
bool ports_match(const Traffic& traffic, const Datagram& datagram) {
  const bool names_ports = traffic.ports.first != 0 || traffic.ports.last != 65535;
  if (!names_ports) return true;
  return datagram.readable && traffic.ports.first <= datagram.destination_port &&
         datagram.destination_port <= traffic.ports.last;
}

// N-18; for a cut header as with ports (S-69).
bool type_matches(const Traffic& traffic, const Datagram& datagram) {
  if (!traffic.icmp_type) return true;
  if (!datagram.readable || datagram.icmp_type != *traffic.icmp_type) return false;
  return !traffic.icmp_code || datagram.icmp_code == *traffic.icmp_code;
}

bool traffic_matches(const NetworkAclEntry& entry, const Datagram& datagram) {
  const Traffic& traffic = entry.traffic;
  if (!traffic.protocol) return true;  // N-15, N-16
  if (datagram.lost) return false;     // S-68
  if (datagram.protocol != *traffic.protocol) return false;
  switch (*traffic.protocol) {
    case Protocol::tcp:
    case Protocol::udp: return ports_match(traffic, datagram);
    case Protocol::icmp: return type_matches(traffic, datagram);
    case Protocol::icmpv6:  // with an IPv4 range, type and code are ignored (N-19)
      return entry.cidr.base.family == Family::ipv4 || type_matches(traffic, datagram);
    default: return true;  // N-16
  }
}

// N-12: the source of what enters, the destination of what leaves; N-8: an entry has one family.
bool entry_matches(const NetworkAclEntry& entry, Direction direction, const Datagram& datagram) {
  const IpAddress& peer = direction == Direction::ingress ? datagram.source : datagram.destination;
  return lies_in(peer, entry.cidr) && traffic_matches(entry, datagram);
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

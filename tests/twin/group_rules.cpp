#include "twin/group_rules.h"

#include <string>
#include <vector>

#include "twin/address.h"

namespace vpcwall::twin {
namespace {

const IpAddress& far_end(Direction direction, const Datagram& datagram) {
  return direction == Direction::ingress ? datagram.source : datagram.destination;
}

// S-5, S-10, C-12: the groups of an interface are one set of rules.
std::vector<SecurityGroupRule> all_rules(const Policy& policy, const Interface& interface,
                                         Direction direction) {
  std::vector<SecurityGroupRule> rules;
  for (const std::string& id : interface.security_groups)
    for (const SecurityGroup& group : policy.security_groups)
      if (group.id == id)
        for (const SecurityGroupRule& rule : group.rules(direction)) rules.push_back(rule);
  return rules;
}

bool carries_group(const Interface& interface, const std::string& group) {
  for (const std::string& id : interface.security_groups)
    if (id == group) return true;
  return false;
}

// S-40 to S-42, S-45: an address of an interface that carries the group. A group that no longer exists has no
// members, so that a stale rule matches nothing (S-80).
bool is_member(const Policy& policy, const std::string& group, const IpAddress& address) {
  for (const Interface& interface : policy.interfaces)
    if (carries_group(interface, group) && belongs_to(address, interface)) return true;
  return false;
}

// S-51: packets of this peer come through a middlebox, behind which nobody knows the sender's group.
bool lost_its_group(const Policy& policy, const IpAddress& peer) {
  for (const Prefix& range : policy.behavior.sg_identity_lost)
    if (lies_in(peer, range)) return true;
  return false;
}

// S-54, S-55
std::vector<Prefix> entries_of(const Policy& policy, const std::string& prefix_list) {
  std::vector<Prefix> entries;
  for (const PrefixList& list : policy.prefix_lists)
    if (list.id == prefix_list)
      for (const PrefixListEntry& entry : list.entries) entries.push_back(entry.cidr);
  return entries;
}

// S-36: the source of what comes in, the destination of what goes out.
bool peer_matches(const Policy& policy, const Peer& peer, Direction direction, const Datagram& datagram) {
  const IpAddress& address = far_end(direction, datagram);
  if (const auto* cidr = std::get_if<Prefix>(&peer)) return lies_in(address, *cidr);
  if (const auto* group = std::get_if<GroupReference>(&peer)) {
    const bool from_member_to_many = direction == Direction::ingress && is_multicast(datagram.destination);
    return !from_member_to_many && !lost_its_group(policy, address) &&
           is_member(policy, group->id, address);  // S-53
  }
  for (const Prefix& entry : entries_of(policy, std::get<PrefixListReference>(peer).id))
    if (lies_in(address, entry)) return true;
  return false;
}

// S-61, S-62; a cut header shows no port, so only a rule that names none matches it (S-69).
bool ports_match(const Traffic& traffic, const Datagram& datagram) {
  const bool names_ports = traffic.ports.first != 0 || traffic.ports.last != 65535;
  if (!names_ports) return true;
  return datagram.readable && traffic.ports.first <= datagram.destination_port &&
         datagram.destination_port <= traffic.ports.last;
}

// S-63, S-64; S-66: protocol 1 in IPv6 and 58 in IPv4 match nothing; for a cut header as with ports (S-69).
bool type_matches(const Traffic& traffic, const Datagram& datagram) {
  if (!is_icmp(datagram)) return false;
  if (!traffic.icmp_type) return true;
  if (!datagram.readable || datagram.icmp_type != *traffic.icmp_type) return false;
  return !traffic.icmp_code || datagram.icmp_code == *traffic.icmp_code;
}

bool traffic_matches(const Traffic& traffic, const Datagram& datagram) {
  if (!traffic.protocol) return true;  // S-59
  if (datagram.lost) return false;     // S-68
  if (datagram.protocol != *traffic.protocol) return false;
  switch (*traffic.protocol) {
    case Protocol::tcp:
    case Protocol::udp: return ports_match(traffic, datagram);
    case Protocol::icmp:
    case Protocol::icmpv6: return type_matches(traffic, datagram);
    default: return true;  // S-59, S-67
  }
}

// C-13: literally /0, of the packet's family (C-10); a prefix list is open if one of its entries is.
bool is_open_peer(const Policy& policy, const Peer& peer, Family family) {
  std::vector<Prefix> ranges;
  if (const auto* cidr = std::get_if<Prefix>(&peer)) ranges = {*cidr};
  if (const auto* list = std::get_if<PrefixListReference>(&peer)) ranges = entries_of(policy, list->id);
  for (const Prefix& range : ranges)
    if (range.length == 0 && range.base.family == family) return true;
  return false;
}

// C-8 (a)
bool open_rule_allows(const Policy& policy, const Interface& interface, Direction direction,
                      const Datagram& datagram) {
  for (const SecurityGroupRule& rule : all_rules(policy, interface, direction))
    if (is_open_peer(policy, rule.peer, datagram.family()) && traffic_matches(rule.traffic, datagram))
      return true;
  return false;
}

// C-8 (b), C-11: all protocols, or this one with all its ports.
bool open_rule_allows_all_answers(const Policy& policy, const Interface& interface, Direction direction,
                                  const Datagram& datagram) {
  for (const SecurityGroupRule& rule : all_rules(policy, interface, direction)) {
    if (!is_open_peer(policy, rule.peer, datagram.family())) continue;
    if (!rule.traffic.protocol) return true;
    if (rule.traffic.protocol == datagram.protocol && rule.traffic.ports.first == 0 &&
        rule.traffic.ports.last == 65535)
      return true;
  }
  return false;
}

bool needs_no_state_as_request(const Policy& policy, const Interface& interface, Direction direction,
                               const Datagram& request) {
  return open_rule_allows(policy, interface, direction, request) &&
         open_rule_allows_all_answers(policy, interface, opposite(direction), request);
}

}  // namespace

bool rules_allow(const Policy& policy, const Interface& interface, Direction direction,
                 const Datagram& datagram) {
  for (const SecurityGroupRule& rule : all_rules(policy, interface, direction))
    if (traffic_matches(rule.traffic, datagram) && peer_matches(policy, rule.peer, direction, datagram))
      return true;
  return false;
}

bool is_pair_open(const Policy& policy, const Interface& interface, Direction direction,
                  const Datagram& datagram) {
  if (!is_tcp(datagram) && !is_udp(datagram)) return false;  // C-9
  if (!datagram.readable) return false;                      // C-3, S-69: of which flow it is, nobody knows
  // C-15: the packet may be the request, or the answer to one.
  return needs_no_state_as_request(policy, interface, direction, datagram) ||
         needs_no_state_as_request(policy, interface, opposite(direction), reversed(datagram));
}

bool is_auto_tracked(const Policy& policy, Direction direction, const Datagram& datagram) {
  for (const Prefix& peer : policy.auto_tracked)
    if (lies_in(far_end(direction, datagram), peer)) return true;
  return false;
}

}  // namespace vpcwall::twin

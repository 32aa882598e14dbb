#include "explain/lifting.h"

#include <algorithm>
#include <limits>

#include "explain/rule_number.h"
#include "policy/identity.h"

namespace vpcwall {
namespace {

// The narrowest that still matches the packet; for a reply, every port that the client may have.
Traffic traffic_of(const Refusal& refusal, const Inquiry& inquiry) {
  const Packet& packet = refusal.packet;
  Traffic traffic;
  if (packet.transport == Transport::lost) return traffic;  // S-68
  // S-66: groups know ICMP for IPv4 and ICMPv6 for IPv6; the other one passes with all protocols or not at
  // all.
  const Protocol icmp = packet.family() == Family::ipv4 ? Protocol::icmp : Protocol::icmpv6;
  if (!refusal.at_acl() && is_icmp(packet.protocol) && packet.protocol != icmp) return traffic;
  traffic.protocol = packet.protocol;
  if (packet.transport != Transport::whole) return traffic;  // S-69: no port, no type
  if (has_ports(packet.protocol))
    traffic.ports =
        refusal.reply ? inquiry.client.ports : PortRange{packet.destination_port, packet.destination_port};
  if (is_icmp(packet.protocol)) {
    traffic.icmp_type = packet.icmp_type;
    traffic.icmp_code = packet.icmp_code;
  }
  return traffic;
}

NetworkAclEntry allow_entry(const Refusal& refusal, const Inquiry& inquiry, std::uint16_t number) {
  NetworkAclEntry entry;
  entry.number = number;
  entry.action = Action::allow;
  entry.traffic = traffic_of(refusal, inquiry);
  entry.cidr = host_prefix(refusal.peer());
  return entry;
}

// The entry that denies keeps its place in the order, one number on: what stood before it still does.
Lifting make_room(const NetworkAcl& acl, const Refusal& refusal, const Inquiry& inquiry, std::uint16_t deny) {
  const auto& entries = acl.entries(refusal.direction);
  const auto denies = std::find_if(entries.begin(), entries.end(),
                                   [&](const NetworkAclEntry& one) { return one.number == deny; });
  const auto number = free_rule_number(entries, 0);
  std::vector<std::uint16_t> later;
  for (const NetworkAclEntry& entry : entries)
    if (entry.number > deny) later.push_back(entry.number);
  const auto next = later.empty() ? std::uint16_t{0} : *std::min_element(later.begin(), later.end());
  NetworkAclEntry moved = *denies;
  if (next == 0 && number)
    moved.number = *number;
  else if (next > deny + 1)
    moved.number = static_cast<std::uint16_t>(deny + 1);
  else
    return {{},
            "no number is free before entry " + std::to_string(deny) + ", which denies, nor behind it",
            "Renumber the entries of network ACL " + acl.name + ", " +
                std::string(to_string(refusal.direction)) + ", with gaps."};
  const NetworkAclEntry allow = allow_entry(refusal, inquiry, deny);
  return {
      {{ReplaceEntry{acl.id, refusal.direction, allow}, AddEntry{acl.id, refusal.direction, moved}}}, {}, {}};
}

Lifting lift_acl(const JudgedPolicy& policy, const Refusal& refusal, const Inquiry& inquiry,
                 std::uint16_t deny_before) {
  const NetworkAcl& acl = policy.acl_of(refusal.gate);
  const auto number = free_rule_number(acl.entries(refusal.direction), deny_before);
  if (!number && deny_before != 0) return make_room(acl, refusal, inquiry, deny_before);
  if (!number)
    return {{}, "every number of the list is taken", "Merge entries of network ACL " + acl.name + '.'};
  const NetworkAclEntry allow = allow_entry(refusal, inquiry, *number);
  return {{{AddEntry{acl.id, refusal.direction, allow}}}, {}, {}};
}

std::ptrdiff_t carriers(const Policy& policy, const std::string& group) {
  return std::count_if(policy.interfaces.begin(), policy.interfaces.end(), [&](const Interface& one) {
    return std::find(one.security_groups.begin(), one.security_groups.end(), group) !=
           one.security_groups.end();
  });
}

// First the group whose change reaches the fewest interfaces, then in the order written.
std::vector<const SecurityGroup*> narrowest_first(const JudgedPolicy& policy, InterfaceIndex interface) {
  std::vector<const SecurityGroup*> groups = policy.groups_of(interface);
  std::stable_sort(groups.begin(), groups.end(), [&](const SecurityGroup* a, const SecurityGroup* b) {
    return carriers(policy.written, a->id) < carriers(policy.written, b->id);
  });
  return groups;
}

Lifting lift_group(const JudgedPolicy& policy, const Refusal& refusal, const Inquiry& inquiry) {
  Lifting lifting;
  for (const SecurityGroup* group : narrowest_first(policy, refusal.gate.interface)) {
    SecurityGroupRule rule;
    rule.traffic = traffic_of(refusal, inquiry);
    rule.peer = host_prefix(refusal.peer());
    rule.id = derive_rule_id(group->id, refusal.direction, rule.traffic, rule.peer);
    lifting.ways.push_back({AddRule{group->id, refusal.direction, rule}});
  }
  if (lifting.ways.empty()) {
    lifting.why_not = "the interface has no security group";
    lifting.instead = "Attach a security group to the interface.";
  }
  return lifting;
}

// The check looks at no rule (D-1): it is there, or it is not.
Lifting lift_source_dest_check(const JudgedPolicy& policy, const Refusal& refusal) {
  return {{{SetSourceDestCheck{policy.written.interfaces.at(refusal.gate.interface).id, false}}}, {}, {}};
}

}  // namespace

Lifting lift(const JudgedPolicy& policy, const Refusal& refusal, const Inquiry& inquiry,
             std::uint16_t deny_before) {
  if (refusal.reason == Reason::unlisted_address)
    return {{},
            "no interface has the address, and `behavior: unlisted_addresses` is drop",
            "Give the address to an interface of the policy, or write `unlisted_addresses: acl`."};
  if (refusal.at_acl()) return lift_acl(policy, refusal, inquiry, deny_before);
  if (refusal.gate.gate == Gate::source_dest_check) return lift_source_dest_check(policy, refusal);
  if (refusal.gate.outcome == Outcome::table_full)
    return {{},
            "a rule allows it, but interface " + policy.compiled.interfaces.at(refusal.gate.interface).name +
                " holds as many flows as it may",
            "Let flows end, raise `behavior: flows_per_interface`, or have less of them tracked."};
  return lift_group(policy, refusal, inquiry);
}

void force(Policy& policy, const JudgedPolicy& judged, const Refusal& refusal) {
  const Prefix anywhere{{0, 0, refusal.packet.family()}, 0};
  if (refusal.reason == Reason::unlisted_address) {
    policy.behavior.unlisted_addresses = Behavior::UnlistedAddresses::pass;
  } else if (refusal.gate.outcome == Outcome::table_full) {
    policy.behavior.flows_per_interface = std::numeric_limits<std::uint32_t>::max();
  } else if (refusal.at_acl()) {
    const std::string acl_id = judged.acl_of(refusal.gate).id;
    for (NetworkAcl& acl : policy.network_acls)
      if (acl.id == acl_id) {
        auto& entries = refusal.direction == Direction::ingress ? acl.ingress : acl.egress;
        NetworkAclEntry allow;
        allow.action = Action::allow;  // number 0 comes before every other
        allow.cidr = anywhere;
        entries.push_back(allow);
      }
  } else {
    SecurityGroupRule allow;
    allow.id = "(any)";
    allow.peer = host_prefix(refusal.peer());
    if (policy.security_groups.empty()) return;
    SecurityGroup group;
    group.id = group.name = "(any)";
    (refusal.direction == Direction::ingress ? group.ingress : group.egress).push_back(allow);
    policy.security_groups.push_back(group);
    policy.interfaces.at(refusal.gate.interface).security_groups.push_back(group.id);
  }
}

}  // namespace vpcwall

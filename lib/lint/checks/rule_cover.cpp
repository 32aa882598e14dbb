#include "lint/checks/rule_cover.h"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "lint/cells.h"
#include "policy/address_set.h"
#include "policy/default_objects.h"

namespace vpcwall {
namespace {

constexpr std::string_view carrier_id = "eni-0";

// The group alone, without one of its rules, on an interface behind an ACL that allows everything. Who is a
// member of which group stays as it is; the carrier has no address, and so changes nothing about that.
Policy without(const Policy& whole, const SecurityGroup& group, Direction direction,
               const SecurityGroupRule& rule) {
  Policy policy;
  policy.prefix_lists = whole.prefix_lists;
  policy.interfaces = whole.interfaces;
  policy.behavior = whole.behavior;
  SecurityGroup& rest = policy.security_groups.emplace_back(group);
  std::erase_if(direction == Direction::ingress ? rest.ingress : rest.egress,
                [&](const SecurityGroupRule& one) { return one.id == rule.id; });
  policy.network_acls.push_back(default_network_acl("acl-0", true));
  Subnet& subnet = policy.subnets.emplace_back();
  subnet.id = "subnet-0";
  subnet.network_acl = "acl-0";
  for (Interface& interface : policy.interfaces) interface.subnet = subnet.id;
  Interface& carrier = policy.interfaces.emplace_back();
  carrier.id = carrier_id;
  carrier.subnet = subnet.id;
  carrier.security_groups = {group.id};
  carrier.source_dest_check = false;
  return policy;
}

// Ranges in which every member of a group will be found, whoever that is: those of the VPC.
std::vector<Prefix> ranges_of(const Peer& peer, const Inspection& inspection) {
  if (!std::holds_alternative<GroupReference>(peer)) return inspection.index().peers(peer);
  const Vpc& vpc = inspection.policy().vpc;
  std::vector<Prefix> ranges = vpc.secondary_cidrs;
  for (const auto& range : {vpc.cidr, vpc.ipv6_cidr})
    if (range) ranges.push_back(*range);
  return ranges;
}

// Whether one of these disjoint prefixes, which are sorted, holds all of another one.
bool holds(const AddressSet& set, const Prefix& inner) {
  const auto prefixes = set.prefixes();
  const auto after =
      std::upper_bound(prefixes.begin(), prefixes.end(), inner, [](const Prefix& value, const Prefix& one) {
        return std::tie(value.base.family, value.base) < std::tie(one.base.family, one.base);
      });
  return after != prefixes.begin() && std::prev(after)->contains(inner);
}

bool covers_peer(const Peer& wide, const Peer& narrow, const Inspection& inspection) {
  if (wide == narrow) return true;
  // Who is in a group changes with every interface: a range is not covered by those who are in it today.
  if (std::holds_alternative<GroupReference>(wide)) return false;
  const AddressSet outer(inspection.index().peers(wide));
  const std::vector<Prefix> inner = ranges_of(narrow, inspection);
  return !inner.empty() &&
         std::all_of(inner.begin(), inner.end(), [&](const Prefix& one) { return holds(outer, one); });
}

bool covers(const SecurityGroupRule& wide, const SecurityGroupRule& narrow, const Inspection& inspection) {
  const TrafficKinds outer = whole_kinds(compile_traffic(wide.traffic));
  const TrafficKinds inner = whole_kinds(compile_traffic(narrow.traffic));
  return outer.first <= inner.first && inner.last <= outer.last &&
         covers_peer(wide.peer, narrow.peer, inspection);
}

const IpAddress& own_address(Family family) {
  static const IpAddress ipv4 = *parse_address("192.0.2.1"), ipv6 = *parse_address("2001:db8::1");
  return family == Family::ipv4 ? ipv4 : ipv6;
}

// Whether evaluate() still lets through what the rule allows, when the rule is gone.
bool passes_without(const SecurityGroup& group, Direction direction, const SecurityGroupRule& rule,
                    Inspection& inspection) {
  Probe probe(without(inspection.policy(), group, direction, rule), inspection.budget());
  Interface carrier;
  carrier.id = carrier_id;
  const Journey journey = direction == Direction::ingress ? probe.entering(carrier) : probe.leaving(carrier);
  Cuts cuts;
  for (const SecurityGroupRule& one : group.rules(direction)) {
    cuts.at(compile_traffic(one.traffic));
    if (const auto* prefix = std::get_if<Prefix>(&one.peer)) cuts.at(*prefix);
  }
  for (const Prefix& peer : inspection.index().peers(rule.peer))
    for (const Cell& cell : cuts.cells(compile_traffic(rule.traffic), peer)) {
      if (!can_occur(cell.kind, peer.base.family)) continue;
      if (!inspection.budget().may_ask()) return false;
      const auto address = probe.peer_between(cell.first, cell.last);
      if (!address) continue;
      const Packet packet = make_witness(cell.kind, own_address(address->family), *address, direction);
      if (probe.ask(packet, journey).verdict == Verdict::drop) return false;
    }
  return true;
}

}  // namespace

bool find_redundant_rules(const SecurityGroup& group, Inspection& inspection) {
  for (const Direction direction : {Direction::ingress, Direction::egress}) {
    const auto& rules = group.rules(direction);
    for (const SecurityGroupRule& rule : rules) {
      const auto other = std::find_if(rules.begin(), rules.end(), [&](const SecurityGroupRule& one) {
        return &one != &rule && covers(one, rule, inspection);
      });
      if (other == rules.end()) continue;
      // Of two that cover each other, as two lists with the same entries do, the later one is superfluous.
      if (other > rules.begin() + (&rule - rules.data()) && covers(rule, *other, inspection)) continue;
      if (!passes_without(group, direction, rule, inspection)) continue;
      inspection.report(group, direction, rule,
                        "changes nothing: the rule \"" + describe(*other, direction, inspection.index()) +
                            "\" of the same group allows all of it");
    }
  }
  return true;
}

}  // namespace vpcwall

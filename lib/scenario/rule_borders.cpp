#include "scenario/rule_borders.h"

#include <algorithm>
#include <array>
#include <set>

namespace vpcwall {
namespace {

// Of the documentation ranges: what a person would have written.
const std::array usual_peers{"203.0.113.12", "198.51.100.12", "192.0.2.12", "2001:db8:ffff::12"};
constexpr std::array<std::uint16_t, 3> usual_ports{40000, 443, 80};
constexpr Protocol no_protocol_of_its_own = Protocol::gre;  // for rules that match every protocol

template <class Value>
void add_once(std::vector<Value>& all, const Value& value, std::size_t most) {
  if (all.size() < most && std::find(all.begin(), all.end(), value) == all.end()) all.push_back(value);
}

// Calls visit(traffic, prefix or null) for every rule and entry.
template <class Visit>
void visit_rules(const Policy& policy, const Visit& visit) {
  for (const NetworkAcl& acl : policy.network_acls)
    for (const Direction direction : {Direction::ingress, Direction::egress})
      for (const NetworkAclEntry& entry : acl.entries(direction)) visit(entry.traffic, &entry.cidr);
  for (const SecurityGroup& group : policy.security_groups)
    for (const Direction direction : {Direction::ingress, Direction::egress})
      for (const SecurityGroupRule& rule : group.rules(direction))
        visit(rule.traffic, std::get_if<Prefix>(&rule.peer));
}

// What the mutated rule says, in both of its versions.
struct Versions {
  Traffic traffic;
  Peer peer;
  PortRange new_ports;
  std::optional<Prefix> new_cidr;
};

std::optional<Versions> versions_of(const Policy& policy, const Mutation& mutation) {
  const RuleIdentity& identity = mutation.rule.identity;
  std::optional<Versions> found;
  for (const NetworkAcl& acl : policy.network_acls)
    for (const NetworkAclEntry& entry : acl.entries(identity.direction))
      if (identity.kind == RuleKind::acl_entry && acl.id == identity.owner &&
          std::to_string(entry.number) == identity.rule)
        found = {entry.traffic, entry.cidr, entry.traffic.ports, {}};
  for (const SecurityGroup& group : policy.security_groups)
    for (const SecurityGroupRule& rule : group.rules(identity.direction))
      if (identity.kind == RuleKind::group_rule && group.id == identity.owner && rule.id == identity.rule)
        found = {rule.traffic, rule.peer, rule.traffic.ports, {}};
  if (!found) return std::nullopt;
  if (const auto* ports = std::get_if<SetPorts>(&mutation.what)) found->new_ports = ports->ports;
  if (const auto* cidr = std::get_if<SetCidr>(&mutation.what)) found->new_cidr = cidr->cidr;
  return found;
}

std::vector<std::uint16_t> ports_of(const Policy& policy) {
  std::vector<std::uint16_t> ports(usual_ports.begin(), usual_ports.end());
  visit_rules(policy, [&](const Traffic& traffic, const Prefix*) {
    if (!traffic.protocol || !has_ports(*traffic.protocol)) return;
    const auto [first, last] = traffic.ports;
    for (const int port : {int{first}, int{last}, first - 1, last + 1})
      if (port >= 0 && port <= 65535) add_once(ports, static_cast<std::uint16_t>(port), max_border_ports);
  });
  return ports;
}

void add_port_kinds(std::vector<PacketKind>& kinds, const Versions& rule, Protocol protocol,
                    const std::vector<std::uint16_t>& borders) {
  const PortRange& old = rule.traffic.ports;
  const bool any = !rule.traffic.protocol;
  std::vector<std::uint16_t> ports;
  for (const std::uint16_t end : {old.first, old.last, rule.new_ports.first, rule.new_ports.last})
    if (!any && old.contains(end) != rule.new_ports.contains(end)) ports.push_back(end);
  for (const std::uint16_t port : borders)
    if (any || old.contains(port)) ports.push_back(port);
  for (const std::uint16_t port : ports) add_once(kinds, {protocol, port, 0, 0}, 4 * max_border_ports);
}

void add_icmp_kinds(std::vector<PacketKind>& kinds, const Versions& rule, Protocol protocol,
                    const Policy& policy) {
  const bool v4 = protocol == Protocol::icmp;
  std::set<std::uint8_t> types{std::uint8_t{v4 ? std::uint8_t{8} : std::uint8_t{128}},
                               std::uint8_t{v4 ? std::uint8_t{0} : std::uint8_t{129}}};
  std::set<std::uint8_t> codes{0};
  visit_rules(policy, [&](const Traffic& traffic, const Prefix*) {
    if (traffic.protocol != protocol) return;
    if (traffic.icmp_type) types.insert(*traffic.icmp_type);
    if (traffic.icmp_code) codes.insert(*traffic.icmp_code);
  });
  if (rule.traffic.icmp_type) types = {*rule.traffic.icmp_type};
  if (rule.traffic.icmp_code) codes = {*rule.traffic.icmp_code};
  for (const std::uint8_t type : types)
    for (const std::uint8_t code : codes) add_once(kinds, {protocol, 0, type, code}, 4 * max_border_ports);
}

std::vector<PacketKind> kinds_of(const Policy& policy, const Versions& rule,
                                 const std::vector<std::uint16_t>& ports) {
  std::vector<Protocol> protocols{Protocol::tcp, Protocol::udp, Protocol::icmp, Protocol::icmpv6,
                                  no_protocol_of_its_own};
  if (rule.traffic.protocol) protocols = {*rule.traffic.protocol};
  std::vector<PacketKind> kinds;
  for (const Protocol protocol : protocols) {
    if (has_ports(protocol)) {
      add_port_kinds(kinds, rule, protocol, ports);
    } else if (is_icmp(protocol)) {
      add_icmp_kinds(kinds, rule, protocol, policy);
    } else {
      add_once(kinds, {protocol, 0, 0, 0}, 4 * max_border_ports);
    }
  }
  return kinds;
}

class Peers {
 public:
  explicit Peers(std::vector<Prefix> inside) : inside_(std::move(inside)) {}

  void add(const IpAddress& address) {
    const bool spoken_of = std::any_of(inside_.begin(), inside_.end(),
                                       [&](const Prefix& prefix) { return prefix.contains(address); });
    if (spoken_of) add_once(found_.at(static_cast<std::size_t>(address.family)), address, max_border_peers);
  }
  void add_ends(const Prefix& prefix) {
    const std::uint8_t bits = static_cast<std::uint8_t>(bit_length(prefix.base.family));
    // A host inside rather than the range's own first address, where there is room for one.
    if (prefix.length + 8 <= bits) add(advance(prefix.base, 12));
    add(prefix.base);
    add(prefix.last());
  }
  std::vector<IpAddress> take() {
    found_[0].insert(found_[0].end(), found_[1].begin(), found_[1].end());
    return std::move(found_[0]);
  }

 private:
  std::vector<Prefix> inside_;
  std::array<std::vector<IpAddress>, 2> found_;
};

// The half of a widened range that is new.
Prefix new_half(const Prefix& old, const Prefix& wider) {
  if (wider.base != old.base) return make_prefix(wider.base, old.length);
  IpAddress base = old.base;
  const unsigned bit = old.length - 1U;
  (bit < 64 ? base.high : base.low) ^= std::uint64_t{1} << (63U - bit % 64U);
  return make_prefix(base, old.length);
}

std::vector<Prefix> ranges_of(const Policy& policy, const Peer& peer) {
  std::vector<Prefix> ranges;
  if (const auto* prefix = std::get_if<Prefix>(&peer)) return {*prefix};
  if (const auto* list = std::get_if<PrefixListReference>(&peer))
    for (const PrefixList& one : policy.prefix_lists)
      if (one.id == list->id)
        for (const PrefixListEntry& entry : one.entries) ranges.push_back(entry.cidr);
  if (const auto* group = std::get_if<GroupReference>(&peer))
    for (const Interface& one : policy.interfaces)
      if (std::find(one.security_groups.begin(), one.security_groups.end(), group->id) !=
          one.security_groups.end())
        ranges.insert(ranges.end(), one.addresses.begin(), one.addresses.end());
  return ranges;
}

std::vector<IpAddress> peers_of(const Policy& policy, const Versions& rule) {
  std::vector<Prefix> inside = ranges_of(policy, rule.peer);
  const std::vector<Prefix> own = inside;
  if (rule.new_cidr) inside.push_back(*rule.new_cidr);
  Peers peers(inside);
  if (rule.new_cidr) peers.add_ends(new_half(std::get<Prefix>(rule.peer), *rule.new_cidr));
  for (const char* text : usual_peers) peers.add(*parse_address(text));
  for (const Prefix& range : own) peers.add_ends(range);
  for (const Interface& interface : policy.interfaces)
    for (const Prefix& address : interface.addresses) peers.add_ends(address);
  visit_rules(policy, [&](const Traffic&, const Prefix* prefix) {
    if (prefix != nullptr) peers.add_ends(*prefix);
  });
  for (const Subnet& subnet : policy.subnets)
    for (const auto& range : {subnet.cidr, subnet.ipv6_cidr})
      if (range) peers.add_ends(*range);
  return peers.take();
}

}  // namespace

RuleBorders borders_of(const Policy& policy, const Mutation& mutation) {
  const auto rule = versions_of(policy, mutation);
  if (!rule) return {};
  RuleBorders borders;
  borders.ports = ports_of(policy);
  borders.kinds = kinds_of(policy, *rule, borders.ports);
  borders.peers = peers_of(policy, *rule);
  return borders;
}

}  // namespace vpcwall

#include "policy/default_objects.h"

#include <utility>

#include "policy/identity.h"

namespace vpcwall {
namespace {

constexpr Prefix everything(Family family) noexcept { return {{0, 0, family}, 0}; }

SecurityGroupRule allow_all(const std::string& group_id, Direction direction, Peer peer) {
  SecurityGroupRule rule;
  rule.id = derive_rule_id(group_id, direction, rule.traffic, peer);
  rule.peer = std::move(peer);
  return rule;
}

NetworkAclEntry allow_all(std::uint16_t number, Family family) {
  NetworkAclEntry entry;
  entry.number = number;
  entry.action = Action::allow;
  entry.cidr = everything(family);
  return entry;
}

}  // namespace

bool has_ipv6(const Vpc& vpc) noexcept { return vpc.ipv6_cidr.has_value(); }

std::vector<SecurityGroupRule> default_ingress_rules(const std::string& group_id) {
  return {allow_all(group_id, Direction::ingress, GroupReference{group_id})};
}

std::vector<SecurityGroupRule> default_egress_rules(const std::string& group_id, bool ipv6) {
  std::vector<SecurityGroupRule> rules{allow_all(group_id, Direction::egress, everything(Family::ipv4))};
  if (ipv6) rules.push_back(allow_all(group_id, Direction::egress, everything(Family::ipv6)));
  return rules;
}

SecurityGroup default_security_group(const std::string& id, bool ipv6) {
  SecurityGroup group;
  group.id = id;
  group.name = default_object_name;
  group.description = default_group_description;
  group.ingress = default_ingress_rules(id);
  group.egress = default_egress_rules(id, ipv6);
  return group;
}

std::vector<NetworkAclEntry> default_acl_entries(bool ipv6) {
  std::vector<NetworkAclEntry> entries{allow_all(100, Family::ipv4)};
  if (ipv6) entries.push_back(allow_all(101, Family::ipv6));
  return entries;
}

NetworkAcl default_network_acl(const std::string& id, bool ipv6) {
  NetworkAcl acl;
  acl.id = id;
  acl.name = default_object_name;
  acl.ingress = acl.egress = default_acl_entries(ipv6);
  return acl;
}

}  // namespace vpcwall

#include "lint/policy_index.h"

#include <set>
#include <tuple>

namespace vpcwall {

PolicyIndex::PolicyIndex(const Policy& policy) {
  for (const SecurityGroup& group : policy.security_groups) groups_[group.id] = &group;
  for (const NetworkAcl& acl : policy.network_acls) acls_[acl.id] = &acl;
  for (const PrefixList& list : policy.prefix_lists) lists_[list.id] = &list;
  for (const Subnet& subnet : policy.subnets) {
    subnets_[subnet.id] = &subnet;
    associated_[subnet.network_acl] = true;
  }
  index_references(policy);
  for (const Interface& interface : policy.interfaces)
    for (const std::string& group : interface.security_groups) members_[group].push_back(&interface);
  find_places(policy);
}

void PolicyIndex::index_references(const Policy& policy) {
  for (const SecurityGroup& group : policy.security_groups)
    for (const Direction direction : {Direction::ingress, Direction::egress})
      for (const SecurityGroupRule& rule : group.rules(direction)) {
        const auto* other = std::get_if<GroupReference>(&rule.peer);
        if (other != nullptr && other->id != group.id) referenced_[other->id] = true;
        if (const auto* list = std::get_if<PrefixListReference>(&rule.peer)) ++references_[list->id];
      }
}

void PolicyIndex::find_places(const Policy& policy) {
  std::set<std::tuple<std::string, std::vector<std::string>, Interface::Type, bool, bool>> seen;
  for (const Interface& interface : policy.interfaces) {
    bool ipv4 = false, ipv6 = false;
    for (const Prefix& address : interface.addresses)
      (address.base.family == Family::ipv4 ? ipv4 : ipv6) = true;
    if (!seen.emplace(interface.subnet, interface.security_groups, interface.type, ipv4, ipv6).second)
      continue;
    const Subnet* subnet = find(subnets_, interface.subnet);
    const NetworkAcl* acl = subnet != nullptr ? find(acls_, subnet->network_acl) : nullptr;
    if (acl != nullptr) places_.push_back({&interface, subnet, acl});
  }
}

const std::vector<const Interface*>& PolicyIndex::of(const ById<std::vector<const Interface*>>& all,
                                                     std::string_view id) {
  static const std::vector<const Interface*> nobody;
  const auto found = all.find(id);
  return found == all.end() ? nobody : found->second;
}

bool PolicyIndex::is_referenced(const SecurityGroup& group) const { return referenced_.contains(group.id); }
bool PolicyIndex::is_associated(const NetworkAcl& acl) const { return associated_.contains(acl.id); }

std::size_t PolicyIndex::references(const PrefixList& list) const {
  const auto found = references_.find(list.id);
  return found == references_.end() ? 0 : found->second;
}

std::vector<Prefix> PolicyIndex::peers(const Peer& peer) const {
  if (const auto* prefix = std::get_if<Prefix>(&peer)) return {*prefix};
  std::vector<Prefix> all;
  if (const auto* group = std::get_if<GroupReference>(&peer)) {
    for (const Interface* member : members(group->id))
      all.insert(all.end(), member->addresses.begin(), member->addresses.end());
  } else if (const PrefixList* list = this->list(std::get<PrefixListReference>(peer).id)) {
    for (const PrefixListEntry& entry : list->entries) all.push_back(entry.cidr);
  }
  return all;
}

}  // namespace vpcwall

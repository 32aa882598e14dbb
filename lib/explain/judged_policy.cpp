#include "explain/judged_policy.h"

#include <algorithm>

namespace vpcwall {

const Subnet& JudgedPolicy::subnet_of(InterfaceIndex interface) const {
  return written.subnets.at(compiled.interfaces.at(interface).subnet);
}

const Subnet& JudgedPolicy::subnet_of(const GateOutcome& gate) const {
  return written.subnets.at(vpcwall::subnet_of(compiled, gate));
}

const NetworkAcl& JudgedPolicy::acl_of(const GateOutcome& gate) const {
  return written.network_acls.at(compiled.subnets.at(vpcwall::subnet_of(compiled, gate)).acl);
}

const SecurityGroup* JudgedPolicy::group(const std::string& id) const {
  const auto found = std::find_if(written.security_groups.begin(), written.security_groups.end(),
                                  [&](const SecurityGroup& one) { return one.id == id; });
  return found == written.security_groups.end() ? nullptr : &*found;
}

std::vector<const SecurityGroup*> JudgedPolicy::groups_of(InterfaceIndex interface) const {
  std::vector<const SecurityGroup*> groups;
  for (const std::string& id : written.interfaces.at(interface).security_groups)
    if (const SecurityGroup* found = group(id)) groups.push_back(found);
  return groups;
}

std::string JudgedPolicy::group_name(const std::string& id) const {
  const SecurityGroup* found = group(id);
  return found == nullptr || found->name.empty() ? id : found->name;
}

std::string JudgedPolicy::position(SourcePosition at) const {
  if (at.line == 0) return {};
  const std::string place = std::to_string(at.line) + ':' + std::to_string(at.column);
  return file.empty() ? place : file + ':' + place;
}

std::string JudgedPolicy::position(CounterSlot slot) const {
  if (slot == no_slot) return {};
  const RuleIdentity& identity = slots.identity(slot);
  if (identity.kind == RuleKind::group_rule) {
    const SecurityGroup* owner = group(identity.owner);
    if (owner == nullptr) return {};
    for (const SecurityGroupRule& rule : owner->rules(identity.direction))
      if (rule.id == identity.rule) return position(rule.at);
  }
  for (const NetworkAcl& acl : written.network_acls) {
    if (acl.id != identity.owner) continue;
    if (identity.kind == RuleKind::acl_default) return position(acl.at);
    for (const NetworkAclEntry& entry : acl.entries(identity.direction))
      if (std::to_string(entry.number) == identity.rule) return position(entry.at);
  }
  return {};
}

}  // namespace vpcwall

#include "policy/edit.h"

#include <algorithm>

#include "policy/default_objects.h"
#include "policy/identity.h"
#include "policy/validate.h"

namespace vpcwall {
namespace {

// Thrown inside this file only, so that every edit can say what is wrong where it sees it.
struct Refusal {
  std::string message;
  std::string aws_code;
};

template <class Object>
Object& find(std::vector<Object>& all, const std::string& id, const char* what, const char* aws_code) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Object& one) { return one.id == id; });
  if (found == all.end()) throw Refusal{"found no " + std::string(what) + ' ' + quoted(id), aws_code};
  return *found;
}

class Editor {
 public:
  explicit Editor(Policy& policy) : policy_(policy) {}

  void operator()(const AddRule& edit) { rules(edit.group, edit.direction).push_back(edit.rule); }

  void operator()(const RemoveRule& edit) {
    auto& all = rules(edit.group, edit.direction);
    const std::string wanted = rule_identity(edit.direction, edit.rule.traffic, edit.rule.peer);
    const auto found = std::find_if(all.begin(), all.end(), [&](const SecurityGroupRule& rule) {
      return rule_identity(edit.direction, rule.traffic, rule.peer) == wanted &&
             (edit.rule.description.empty() || edit.rule.description == rule.description);
    });
    if (found == all.end())
      throw Refusal{
          "found no rule to remove that is equal in protocol, ports, peer and (if given) description: " +
              wanted,
          "InvalidPermission.NotFound"};
    all.erase(found);
  }

  void operator()(const AddEntry& edit) { entries(edit.network_acl, edit.direction).push_back(edit.entry); }

  void operator()(const ReplaceEntry& edit) {
    *entry(edit.network_acl, edit.direction, edit.entry.number) = edit.entry;
  }

  void operator()(const RemoveEntry& edit) {
    const auto place = entry(edit.network_acl, edit.direction, edit.number);
    entries(edit.network_acl, edit.direction).erase(place);
  }

  void operator()(const AssociateAcl& edit) {
    acl(edit.network_acl);
    find(policy_.subnets, edit.subnet, "subnet", "InvalidSubnetID.NotFound").network_acl = edit.network_acl;
  }

  void operator()(const SetGroups& edit) { interface(edit.interface).security_groups = edit.security_groups; }

  void operator()(const SetSourceDestCheck& edit) { interface(edit.interface).source_dest_check = edit.on; }

  void operator()(const SetListEntries& edit) {
    find(policy_.prefix_lists, edit.prefix_list, "prefix list", "InvalidPrefixListID.NotFound").entries =
        edit.entries;
  }

  void operator()(const DeleteGroup& edit) {
    const SecurityGroup& doomed = group(edit.group);
    if (doomed.name == default_object_name)
      throw Refusal{"found the default group, which cannot be deleted", "CannotDelete"};
    for (const Interface& interface : policy_.interfaces)
      for (const std::string& id : interface.security_groups)
        if (id == edit.group)
          throw Refusal{"found group " + quoted(doomed.name) + " on an interface: detach it first",
                        "InvalidGroup.InUse"};
    for (const SecurityGroup& other : policy_.security_groups)
      if (other.id != edit.group && (refers(other.ingress, edit.group) || refers(other.egress, edit.group)))
        throw Refusal{"found group " + quoted(doomed.name) + " in a rule of group " + quoted(other.name) +
                          ": remove that rule first",
                      "InvalidGroup.InUse"};
    std::erase_if(policy_.security_groups, [&](const SecurityGroup& one) { return one.id == edit.group; });
  }

  void operator()(const DeleteAcl& edit) {
    acl(edit.network_acl);
    if (edit.network_acl == policy_.default_network_acl)
      throw Refusal{"found the default network ACL, which cannot be deleted", "InvalidParameterValue"};
    for (const Subnet& subnet : policy_.subnets)
      if (subnet.network_acl == edit.network_acl)
        throw Refusal{"found the network ACL on a subnet: associate another one first",
                      "DependencyViolation"};
    std::erase_if(policy_.network_acls, [&](const NetworkAcl& one) { return one.id == edit.network_acl; });
  }

 private:
  SecurityGroup& group(const std::string& id) {
    return find(policy_.security_groups, id, "security group", "InvalidGroup.NotFound");
  }
  Interface& interface(const std::string& id) {
    return find(policy_.interfaces, id, "interface", "InvalidNetworkInterfaceID.NotFound");
  }
  NetworkAcl& acl(const std::string& id) {
    return find(policy_.network_acls, id, "network ACL", "InvalidNetworkAclID.NotFound");
  }
  std::vector<SecurityGroupRule>& rules(const std::string& id, Direction direction) {
    return direction == Direction::ingress ? group(id).ingress : group(id).egress;
  }
  std::vector<NetworkAclEntry>& entries(const std::string& id, Direction direction) {
    return direction == Direction::ingress ? acl(id).ingress : acl(id).egress;
  }
  std::vector<NetworkAclEntry>::iterator entry(const std::string& id, Direction direction,
                                               std::uint16_t number) {
    auto& all = entries(id, direction);
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const NetworkAclEntry& one) { return one.number == number; });
    if (found == all.end())
      throw Refusal{
          "found no " + std::string(to_string(direction)) + " entry with number " + std::to_string(number),
          "InvalidNetworkAclEntry.NotFound"};
    return found;
  }
  static bool refers(const std::vector<SecurityGroupRule>& rules, const std::string& group) {
    return std::any_of(rules.begin(), rules.end(), [&](const SecurityGroupRule& rule) {
      const auto* reference = std::get_if<GroupReference>(&rule.peer);
      return reference != nullptr && reference->id == group;
    });
  }

  Policy& policy_;
};

Unexpected<Diagnostic> refused(std::string message, std::string aws_code) {
  Diagnostic diagnostic;
  diagnostic.message = std::move(message);
  diagnostic.aws_code = std::move(aws_code);
  return Unexpected{std::move(diagnostic)};
}

}  // namespace

Expected<Policy, Diagnostic> apply_edits(Policy policy, std::span<const Edit> edits) {
  try {
    Editor editor(policy);
    for (const Edit& edit : edits) std::visit(editor, edit);
  } catch (const Refusal& refusal) {
    return refused(refusal.message, refusal.aws_code);
  }
  for (Diagnostic& diagnostic : validate(policy))
    if (diagnostic.severity == Severity::error) return Unexpected{std::move(diagnostic)};
  return policy;
}

}  // namespace vpcwall

#include "lint/checks/use.h"

#include "policy/default_objects.h"

namespace vpcwall {
namespace {

template <class Report>
void for_each_rule(const SecurityGroup& group, Report report) {
  for (const Direction direction : {Direction::ingress, Direction::egress})
    for (const SecurityGroupRule& rule : group.rules(direction)) report(direction, rule);
}

}  // namespace

bool find_unused_group(const SecurityGroup& group, Inspection& inspection) {
  if (group.name == default_object_name) return false;  // S-81: cannot be deleted
  if (inspection.index().members(group.id).empty() && !inspection.index().is_referenced(group))
    inspection.report(group, "no interface carries it, and no rule of another group names it");
  return true;
}

bool find_unattached_group(const SecurityGroup& group, Inspection& inspection) {
  if (group.name == default_object_name) return false;
  if (inspection.index().members(group.id).empty()) inspection.report(group, "no interface carries it");
  return true;
}

bool find_unused_list(const PrefixList& list, Inspection& inspection) {
  if (inspection.index().references(list) == 0) inspection.report(list, "no rule names it");
  return true;
}

bool find_unused_acl(const NetworkAcl& acl, Inspection& inspection) {
  if (acl.id == inspection.policy().default_network_acl) return false;  // N-24: cannot be deleted
  if (!inspection.index().is_associated(acl)) inspection.report(acl, "no subnet is associated with it");
  return true;
}

bool find_stale_references(const SecurityGroup& group, Inspection& inspection) {
  for_each_rule(group, [&](Direction direction, const SecurityGroupRule& rule) {
    const auto* reference = std::get_if<GroupReference>(&rule.peer);
    if (reference != nullptr && inspection.index().group(reference->id) == nullptr)
      inspection.report(group, direction, rule, "allows nothing: no group has the id " + reference->id);
  });
  return true;
}

bool find_empty_peers(const SecurityGroup& group, Inspection& inspection) {
  for_each_rule(group, [&](Direction direction, const SecurityGroupRule& rule) {
    if (const auto* reference = std::get_if<GroupReference>(&rule.peer)) {
      const SecurityGroup* other = inspection.index().group(reference->id);
      // The default group's rule about itself is there without being written (S-16).
      if (other != nullptr && rule.at.line != 0 && inspection.index().members(reference->id).empty())
        inspection.report(group, direction, rule, "allows nothing: no interface carries " + called(*other));
    } else if (const auto* listed = std::get_if<PrefixListReference>(&rule.peer)) {
      const PrefixList* list = inspection.index().list(listed->id);
      if (list != nullptr && list->entries.empty())
        inspection.report(group, direction, rule, "allows nothing: " + called(*list) + " has no entries");
    }
  });
  return true;
}

}  // namespace vpcwall

// Changes of a Policy as AWS's API knows them: add or remove a rule, create or delete an entry, attach
// groups.
//
//   const auto changed = apply_edits(policy, edits);        // a new Policy, or the reason why there is none
//   if (!changed) show(changed.error());
//
// A change set is applied wholly or not at all (our choice at N-22): the result satisfies validate(), and a
// refusal names the first mistake with the error code that AWS has for it. Edits refer to objects by id.
// Facts: S-73, S-74, S-76, S-77, S-81, N-21, N-24, N-25. Any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/expected.h"
#include "policy/diagnostic.h"
#include "policy/policy.h"

namespace vpcwall {

struct AddRule {
  std::string group;
  Direction direction = Direction::ingress;
  SecurityGroupRule rule;
};
// By properties: the id of `rule` is not looked at. The description must be equal where one is given (S-76).
struct RemoveRule {
  std::string group;
  Direction direction = Direction::ingress;
  SecurityGroupRule rule;
};
struct AddEntry {
  std::string network_acl;
  Direction direction = Direction::ingress;
  NetworkAclEntry entry;
};
struct ReplaceEntry {  // the entry of the same number (N-21)
  std::string network_acl;
  Direction direction = Direction::ingress;
  NetworkAclEntry entry;
};
struct RemoveEntry {
  std::string network_acl;
  Direction direction = Direction::ingress;
  std::uint16_t number = 0;
};
struct AssociateAcl {  // replaces the subnet's ACL (N-2)
  std::string subnet;
  std::string network_acl;
};
struct SetGroups {
  std::string interface;
  std::vector<std::string> security_groups;
};
struct SetSourceDestCheck {  // D-1, D-2: off for a router or a NAT instance
  std::string interface;
  bool on = true;
};
struct SetListEntries {
  std::string prefix_list;
  std::vector<PrefixListEntry> entries;
};
struct DeleteGroup {  // refused while in use, and for the default group (S-81)
  std::string group;
};
struct DeleteAcl {  // refused while a subnet uses it, and for the default ACL (N-24)
  std::string network_acl;
};

using Edit = std::variant<AddRule, RemoveRule, AddEntry, ReplaceEntry, RemoveEntry, AssociateAcl, SetGroups,
                          SetSourceDestCheck, SetListEntries, DeleteGroup, DeleteAcl>;

[[nodiscard]] Expected<Policy, Diagnostic> apply_edits(Policy policy, std::span<const Edit> edits);

}  // namespace vpcwall

// What was written differently in two policies, object by object and rule by rule.
//
//   for (const PolicyChange& change : diff_policies(before, after)) …
//
// Objects are the same when their id is. A rule of a group is the same when direction, protocol, ports and
// peer are (S-74), or when it has the same id; a network ACL's entry is known by direction and number (N-9),
// a list's entry by its range. So a rule that moved in the file did not change. Nothing is said about what a
// change does to traffic. In the order of the policies: VPC, prefix lists, groups, ACLs, subnets, interfaces,
// settings. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace vpcwall {

enum class ChangedObject : std::uint8_t {
  vpc,
  prefix_list,
  security_group,
  network_acl,
  subnet,
  interface,
  setting  // quotas, auto_tracked, behavior
};
[[nodiscard]] std::string_view to_string(ChangedObject kind) noexcept;  // "security-group", …

// What stands in each policy, in the words of the policy file; nothing: it is not there.
struct PolicyChange {
  ChangedObject object = ChangedObject::vpc;
  std::string id, name;  // of the object; the newer name
  // What of it: a field's name, "rule", or "entry" of an ACL or a list; empty: the object itself.
  std::string part;
  std::optional<Direction> direction;  // of a rule, or of an ACL's entry
  std::string rule;                    // the id of a rule, the number of an ACL's entry
  std::optional<std::string> before, after;
  SourcePosition before_at, after_at;  // line 0: not written in the file
};

[[nodiscard]] std::vector<PolicyChange> diff_policies(const Policy& before, const Policy& after);

}  // namespace vpcwall

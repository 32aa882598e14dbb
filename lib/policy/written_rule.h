// Every rule of a Policy that somebody wrote, with its place in the file: what a report on rules lists.
//
// ACL entries and group rules; for each ACL, direction and family of the VPC its `*`; for each group and
// direction its implicit deny. What AWS adds without being told (S-15 to S-22, N-26) stands where the object
// does that it belongs to, and is not listed when nobody wrote that object either.
//
// The identity is that of the rule's counter, but that an implicit deny belongs to a group here and not to an
// interface that carries it. Plain values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/counter_slots.h"
#include "policy/policy.h"

namespace vpcwall {

struct WrittenRule {
  RuleIdentity identity;  // `owner` of a group_default: sg-…
  std::string owner_name;
  std::string match;       // as in the identity, with the names of groups and prefix lists
  SourcePosition at;       // the owner's, unless the rule itself is written
  bool written = true;     // false: `*`, an implicit deny, a rule that AWS adds
  bool can_decide = true;  // false for a `*` or implicit deny to which the rules before it leave nothing, and
                           // for a `*` of a family that no subnet of the ACL has, and for a group without
                           // rules that no interface carries
};

// ACLs first, in the order of the file; in each object ingress first, and what denies the rest last.
[[nodiscard]] std::vector<WrittenRule> written_rules(const Policy& policy);

// "network ACL public, ingress 100: allow tcp 443 0.0.0.0/0"
[[nodiscard]] std::string describe(const WrittenRule& rule);

}  // namespace vpcwall

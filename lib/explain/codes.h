// What AWS's Reachability Analyzer would call a refusal: its explanation codes, with the objects that it
// names in its own spelling.
//
//   ENI_SG_RULES_MISMATCH               no rule of the interface's groups matches
//   SG_HAS_NO_RULES                     one of them has no rule in that direction at all
//   SUBNET_ACL_RESTRICTION              the subnet's network ACL
//   ENI_SOURCE_DEST_CHECK_RESTRICTION   the source/destination check
//   ENI_ADDRESS_RESTRICTION             the address is not the interface's
//   SG_REFERENCES_NOT_PRESERVED         a middlebox hides the group that a rule names (R-14, S-50)
//
// The analyzer itself knows IPv4, TCP and UDP only; here every refusal has its code. A full table has
// none there. Any thread.
#pragma once

#include <nlohmann/json.hpp>

#include "explain/judged_policy.h"
#include "explain/refusal.h"

namespace vpcwall {

// [{"ExplanationCode", "Direction", "Leg": "request" or "reply", "Acl": {"Id"}, …}, …]
[[nodiscard]] nlohmann::ordered_json codes_of(const JudgedPolicy& policy, const Refusal& refusal);

}  // namespace vpcwall

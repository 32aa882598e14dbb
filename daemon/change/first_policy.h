// The policy that a start is with: that of the file, or, where the file has mistakes, the last one that was
// in force and confirmed. A host must not be left without its firewall by a slip of the pen.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/change/policy_changes.h"

namespace vpcwall {

struct FirstPolicy {
  Policy policy;
  PolicyText text;
  PolicySource source = PolicySource::file;
  std::vector<std::string> diagnostics;  // of the policy file
};

// Nothing if there is none either; the mistakes are on standard error by then, and in the log which policy it
// is instead. Throws std::runtime_error when the history does not hold what it says.
[[nodiscard]] std::optional<FirstPolicy> first_policy(const std::string& path,
                                                      const std::optional<PolicyHistory>& history);

}  // namespace vpcwall

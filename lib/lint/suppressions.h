// Suppressions of a policy file (its section `lint`) and the findings that they silence.
//
// A suppression silences the findings of its checks about its object and rule, where it names them. One that
// silences nothing is a finding itself, as long as its checks were run.
#pragma once

#include <vector>

#include "lint/inspection.h"
#include "policy/diagnostic.h"

namespace vpcwall {

inline constexpr std::string_view suppression_check_id = "VW015";

// Errors for ids and names that no check has, with the nearest spelling; and for the check above, which is
// mended and not suppressed.
[[nodiscard]] std::vector<Diagnostic> check_suppressions(const Policy& policy, const std::string& file_name);

// Marks the findings that the policy's suppressions silence.
void suppress(std::vector<Finding>& findings, const Policy& policy);

// Of the checks that have run so far: it is asked last.
[[nodiscard]] bool find_unused_suppressions(const Policy& policy, Inspection& inspection);

}  // namespace vpcwall

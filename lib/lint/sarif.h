// Findings as SARIF 2.1.0, the format that code-scanning services read: one run, the checks as its rules, and
// suppressions with their reasons.
//
// Levels: critical and high are errors, medium is a warning, the rest are notes. A finding keeps its
// fingerprint when lines move: check, object and rule make it.
#pragma once

#include "lint/report_json.h"

namespace vpcwall {

[[nodiscard]] nlohmann::ordered_json sarif(const std::vector<LintedFile>& files,
                                           const std::vector<const Check*>& checks,
                                           const std::string& version);

}  // namespace vpcwall

// Findings and checks as JSON: "vpcwall/lint/1" and "vpcwall/lint-checks/1".
//
//   {"schema": "vpcwall/lint/1", "files": [{"file", "complete", "findings": [
//     {"check", "name", "severity", "line", "column", "object": {"kind", "id", "name", "rule", "says"},
//      "message", "remedy", "facts", "suppressed": null or {"reason", "line", "column"}}]}],
//    "summary": {"critical": 0, …, "suppressed": 0}}
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lint/lint.h"

namespace vpcwall {

// One policy file that was looked at.
struct LintedFile {
  std::string name;
  LintReport report;  // without what is below the threshold
};

// Findings of each severity that nothing silences, and those that are silenced.
struct LintSummary {
  std::array<std::size_t, check_severity_count> by_severity{};
  std::size_t suppressed = 0;
  [[nodiscard]] std::size_t count() const noexcept;  // of those that are not
};
[[nodiscard]] LintSummary summarize(const LintReport& report);

[[nodiscard]] nlohmann::ordered_json findings_json(const std::vector<LintedFile>& files);
[[nodiscard]] nlohmann::ordered_json checks_json(const std::vector<const Check*>& checks);

}  // namespace vpcwall

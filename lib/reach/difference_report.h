// What a change of policy alters, for people and for programs. Pure; any thread.
//
// Both take a part that is null where it was not asked for: what was written differently, and whose verdict
// changes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "policy/policy_diff.h"
#include "reach/difference.h"

namespace vpcwall {

// Whose names the report uses.
struct ComparedFiles {
  std::string before, after;
};

struct DifferenceReport {
  const std::vector<PolicyChange>* rules = nullptr;
  const TrafficDifference* traffic = nullptr;
  bool everything =
      false;  // the text, too, tells of endpoints that are not ordinary; otherwise only how much

  [[nodiscard]] bool is_empty() const noexcept {
    return (rules == nullptr || rules->empty()) && (traffic == nullptr || traffic->lines.empty());
  }
};

// Under which of them a witness is asked about: the second, unless it lacks the interface.
[[nodiscard]] const std::string& telling_file(const ComparedFiles& files, const ChangeLine& line) noexcept;

// {"schema": "vpcwall/diff/1", "before", "after", "rules", "traffic", "summary"}
[[nodiscard]] nlohmann::ordered_json to_json(const DifferenceReport& report, const ComparedFiles& files);

[[nodiscard]] std::string difference_text(const DifferenceReport& report, const ComparedFiles& files,
                                          bool colour);

}  // namespace vpcwall

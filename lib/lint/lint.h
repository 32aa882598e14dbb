// lint(): what is questionable in a policy, by AWS's catalogues and by our own checks.
//
//   LintReport report = lint(policy, {select_checks(only, skip), parameters});
//
// Findings stand in the order of the file; those that a suppression of the policy silences are among them,
// marked. Opinions only: what becomes of a packet is asked of evaluate() and decided nowhere else. Any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/expected.h"
#include "lint/daemon_places.h"
#include "lint/finding.h"
#include "lint/parameters.h"
#include "lint/probe.h"

namespace vpcwall {

struct LintOptions {
  std::vector<const Check*> checks;  // in any order
  Parameters parameters;
  std::uint64_t questions = QuestionBudget::most;  // how much may be asked of evaluate()
  std::optional<DaemonPlaces> places;              // empty: nothing is known of the daemon's settings
};

struct LintReport {
  std::vector<Finding> findings;
  // False: the policy is so large that some checks have seen only a part of it, and said nothing about the
  // rest.
  bool complete = true;
};

[[nodiscard]] LintReport lint(const Policy& policy, const LintOptions& options);

// Ids, names and catalogues ("prowler"); nothing in `only` means all. The error names the first word that is
// none of these.
[[nodiscard]] Expected<std::vector<const Check*>, std::string> select_checks(
    std::span<const std::string> only, std::span<const std::string> skip);

}  // namespace vpcwall

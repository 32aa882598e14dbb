#include "lint/lint.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "lint/inspection.h"
#include "lint/suppressions.h"
#include "policy/reporter.h"

namespace vpcwall {
namespace {

// The worst first where several stand at one place.
void sort_by_place(std::vector<Finding>& findings) {
  const auto key = [](const Finding& finding) { return std::tie(finding.at.line, finding.at.column); };
  std::stable_sort(findings.begin(), findings.end(), [&](const Finding& a, const Finding& b) {
    if (key(a) != key(b)) return key(a) < key(b);
    return a.check->severity > b.check->severity;
  });
}

// The checks that a word means; nothing when it means none.
std::vector<const Check*> meant_by(const std::string& word) {
  if (const Check* check = find_check(word)) return {check};
  std::vector<const Check*> all;
  for (const Check& check : checks())
    if (to_string(check.catalogue) == word) all.push_back(&check);
  return all;
}

}  // namespace

LintReport lint(const Policy& policy, const LintOptions& options) {
  Inspection inspection(policy, options.parameters, options.questions);
  inspection.know(options.places);
  const Check* last = nullptr;
  for (const Check* check : options.checks) {
    if (check->id == suppression_check_id)
      last = check;
    else
      inspection.run(*check);
  }
  if (last != nullptr) inspection.run(*last);
  LintReport report{std::move(inspection.findings()), inspection.budget().may_ask()};
  suppress(report.findings, policy);
  sort_by_place(report.findings);
  return report;
}

Expected<std::vector<const Check*>, std::string> select_checks(std::span<const std::string> only,
                                                               std::span<const std::string> skip) {
  std::set<const Check*> wanted, unwanted;
  for (auto& [words, into] : {std::pair(only, &wanted), std::pair(skip, &unwanted)})
    for (const std::string& word : words) {
      const auto meant = meant_by(word);
      if (meant.empty()) {
        const std::string near = nearest_check(word);
        return Unexpected{"found " + quoted(word) + ", expected the id or name of a check, or a catalogue" +
                          (near.empty() ? "; --list has all of them" : "; " + near)};
      }
      into->insert(meant.begin(), meant.end());
    }
  std::vector<const Check*> selected;
  for (const Check& check : checks())
    if ((only.empty() || wanted.contains(&check)) && !unwanted.contains(&check)) selected.push_back(&check);
  return selected;
}

}  // namespace vpcwall

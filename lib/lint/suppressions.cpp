#include "lint/suppressions.h"

#include <algorithm>

#include "policy/reporter.h"

namespace vpcwall {
namespace {

bool names(const std::string& word, const Check& check) { return word == check.id || word == check.name; }

bool is_about(const Suppression& suppression, const Subject& subject) {
  const auto is = [](const std::string& wanted, const std::string& id, const std::string& name) {
    return wanted.empty() || (!wanted.empty() && (wanted == id || wanted == name));
  };
  return is(suppression.object, subject.id, subject.name) && is(suppression.rule, subject.rule, subject.says);
}

}  // namespace

std::vector<Diagnostic> check_suppressions(const Policy& policy, const std::string& file_name) {
  Reporter reporter(file_name);
  for (const Suppression& suppression : policy.suppressions)
    for (const std::string& word : suppression.checks) {
      const Check* check = find_check(word);
      if (check == nullptr) {
        reporter.error(suppression.at, "found " + quoted(word) + ", expected the id or name of a check", [&] {
          const std::string near = nearest_check(word);
          return near.empty() ? std::string("`vpcwall lint --list` has all of them") : near;
        }());
      } else if (check->id == suppression_check_id) {
        reporter.error(suppression.at, "found " + quoted(word) + ", which cannot be suppressed",
                       "remove the suppression that it speaks of");
      }
    }
  return reporter.take();
}

void suppress(std::vector<Finding>& findings, const Policy& policy) {
  for (Finding& finding : findings)
    for (const Suppression& suppression : policy.suppressions)
      if (!finding.suppressed &&
          std::any_of(suppression.checks.begin(), suppression.checks.end(),
                      [&](const std::string& word) { return names(word, *finding.check); }) &&
          is_about(suppression, finding.subject))
        finding.suppressed = suppression;
}

bool find_unused_suppressions(const Policy& policy, Inspection& inspection) {
  for (const Suppression& suppression : policy.suppressions)
    for (const std::string& word : suppression.checks) {
      const Check* check = find_check(word);
      if (check == nullptr || !inspection.has_run(*check)) continue;
      const auto& findings = inspection.findings();
      const bool used = std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
        return finding.check == check && is_about(suppression, finding.subject);
      });
      if (used) continue;
      std::string about;
      if (!suppression.object.empty()) about += " about " + quoted(suppression.object);
      if (!suppression.rule.empty()) about += ", rule " + quoted(suppression.rule);
      inspection.report(suppression, "there is no finding of " + quoted(word) + about);
    }
  return true;
}

}  // namespace vpcwall

// Any policy, linted: every check comes to an end, and every finding has a place, a sentence and a remedy.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lint/report_text.h"
#include "lint/sarif.h"
#include "policy/policy_yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vpcwall;
  const auto loaded = load_policy(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
  if (!loaded.policy) return 0;
  const auto checks = select_checks({}, {});
  if (!checks) std::abort();
  const LintedFile file{"fuzz", lint(*loaded.policy, {*checks, {}, 20'000})};
  for (const Finding& finding : file.report.findings)
    if (finding.at.line == 0 || finding.message.empty() || finding.remedy.empty()) std::abort();
  if (findings_text(file, true).empty()) std::abort();
  if (findings_json({file}).dump().empty() || sarif({file}, *checks, "1").dump().empty()) std::abort();
  return 0;
}

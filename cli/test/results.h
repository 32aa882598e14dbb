// What a run of scenario files came to, suite by suite, as the reports of `vpcwall test` tell it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "scenario/outcome.h"
#include "scenario/scenario.h"

namespace vpcwall {

struct CaseResult {
  const Scenario* scenario;
  ScenarioOutcome outcome;
  std::string skipped;  // why it was not run; empty: it was
  // Of real packets. A simulated run has none: its report says the same every time.
  std::optional<std::chrono::duration<double>> duration;
};

// One file, under one back end where packets are real.
struct SuiteResult {
  std::string file;
  std::string title;
  std::string variant;  // "nft, fast path off"; empty: simulated
  std::vector<CaseResult> cases;
};

// "x.yaml", or "nft, fast path off: x.yaml".
[[nodiscard]] inline std::string name_of(const SuiteResult& suite) {
  return suite.variant.empty() ? suite.file : suite.variant + ": " + suite.file;
}
// "hangs: the group remembers, the network ACL does not"
[[nodiscard]] inline std::string name_of(const Scenario& scenario) {
  return scenario.title.empty() ? scenario.id : scenario.id + ": " + scenario.title;
}

}  // namespace vpcwall

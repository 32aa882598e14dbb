// Runs a scenario through the engine, without a kernel and in no time, however long its waits.
#pragma once

#include <functional>

#include "replay/simulation.h"
#include "scenario/outcome.h"
#include "scenario/scenario.h"

namespace vpcwall {

// What else a run may do; each may be empty.
struct RunOptions {
  // The policy that comes into force in place of one of the scenario's.
  std::function<Policy(const Policy&)> replace;
  // Sees every decision, with the policy in force as it was written.
  std::function<void(const Policy&, const Simulation&, const Decision&)> observe;
};

// Any thread; different threads may run scenarios at the same time.
[[nodiscard]] ScenarioOutcome run_scenario(const Scenario& scenario, const RunOptions& options = {});

}  // namespace vpcwall

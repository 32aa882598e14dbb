// Runs a scenario through the engine, without a kernel and in no time, however long its waits.
#pragma once

#include "scenario/outcome.h"
#include "scenario/scenario.h"

namespace vpcwall {

[[nodiscard]] ScenarioOutcome run_scenario(const Scenario& scenario);

}  // namespace vpcwall

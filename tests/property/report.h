// A run as a scenario: for people, and as a file that `vpcwall test` runs.
#pragma once

#include <string>

#include "property/play.h"
#include "scenario/scenario.h"

namespace vpcwall::property {

// The run up to and with the step that failed. Expected is what both said, and of the last packet what the
// twin says. Without a failure: the whole run, and what the engine says.
[[nodiscard]] Scenario scenario_of(const Run& run, const std::optional<Failure>& failure);

// As a file of one scenario.
[[nodiscard]] std::string scenario_text(const Run& run, const std::optional<Failure>& failure);

// The scenario, then what was expected and what the engine said at the last step, with its trace.
[[nodiscard]] std::string report(const Run& run, const Failure& failure);

}  // namespace vpcwall::property

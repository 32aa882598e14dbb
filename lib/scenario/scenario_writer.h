// Scenarios -> a scenario file that load_scenarios() reads back to the same: for a run that a program found
// and a person should look at. Policies are written in full, addresses as literals; edits appear as the
// policy after them.
#pragma once

#include <string>

#include "scenario/scenario.h"

namespace vpcwall {

[[nodiscard]] std::string emit_scenarios(const ScenarioFile& file);

}  // namespace vpcwall

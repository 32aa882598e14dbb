// A decision as the JSON that `simulate`, `explain` and `test` print: {"verdict", "reason", "gates": [...]}.
//
// Gates stand in the order in which they were met and end with the one that refused. Names come from the
// policy and the slots that the decision was made under.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/decision.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

[[nodiscard]] nlohmann::ordered_json to_json(const Decision& decision, const CompiledPolicy& policy,
                                             const CounterSlots& slots);
[[nodiscard]] nlohmann::ordered_json to_json(const GateOutcome& gate, const CompiledPolicy& policy,
                                             const CounterSlots& slots);

}  // namespace vpcwall

// The gate that refused, in a few words: "network ACL of subnet public, egress entry *". Any thread.
#pragma once

#include <string>

#include "engine/decision.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

// `policy` and `slots` are those that the decision was made under.
[[nodiscard]] std::string refusal_text(const GateOutcome& gate, const CompiledPolicy& policy,
                                       const CounterSlots& slots);

}  // namespace vpcwall

// A decision on one line, in the notation of scenario files:
//
//   drop, acl-default: acl-ingress public allow 100, sg-ingress web tracked web, acl-egress public deny *
//
// Gates stand in the order in which they were met. Behind the outcome of a security group stands the group
// whose rule it was. Names come from the policy that the decision was made under. Any thread.
#pragma once

#include <string>

#include "engine/decision.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

[[nodiscard]] std::string decision_text(const Decision& decision, const CompiledPolicy& policy,
                                        const CounterSlots& slots);
// "acl-egress public deny *", "sg-ingress web new web", "exempt"
[[nodiscard]] std::string gate_outcome_text(const GateOutcome& gate, const CompiledPolicy& policy,
                                            const CounterSlots& slots);

}  // namespace vpcwall

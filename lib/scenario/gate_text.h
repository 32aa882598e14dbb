// An expected gate on one line: "acl-ingress A allow 100", "sg-egress web new", "source-dest-check nat deny",
// "exempt". Gates and outcomes are the words of decision.h; a place is the name of a subnet or an interface.
// Behind an outcome of a security group may stand the group whose rule it was: "sg-ingress db new clients".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "policy/compiled_policy.h"
#include "scenario/scenario.h"

namespace vpcwall {

[[nodiscard]] Expected<ExpectedGate, JsonMistake> read_gate_text(std::string_view text);
[[nodiscard]] std::string to_string(const ExpectedGate& gate);

// What a decision's gates are in this notation, with the group of every rule that spoke.
[[nodiscard]] std::vector<ExpectedGate> gates_of(const Decision& decision, const CompiledPolicy& policy,
                                                 const CounterSlots& slots);

// `actual` is what was expected; an expectation that names no group takes any.
[[nodiscard]] bool meets(const ExpectedGate& expected, const ExpectedGate& actual) noexcept;
[[nodiscard]] bool meet(const std::vector<ExpectedGate>& expected, const std::vector<ExpectedGate>& actual);

}  // namespace vpcwall

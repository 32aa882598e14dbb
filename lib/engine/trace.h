// What evaluate() looked at on the way to a decision, for people who ask why.
//
// The same code fills it for live and hypothetical packets; without a Trace the only cost is a branch. Steps
// stand in the order in which gates were met. A Trace owns its contents and may outlive the policy.
#pragma once

#include <optional>
#include <vector>

#include "engine/decision.h"
#include "flow/flow_table.h"

namespace vpcwall {

struct TraceStep {
  GateOutcome gate;
  std::uint32_t considered = 0;  // rules or entries that were compared with the packet
  std::optional<Flow> flow;      // the state that answered, outcome `tracked`
};

struct Trace {
  std::vector<TraceStep> steps;
};

}  // namespace vpcwall

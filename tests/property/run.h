// A whole run as a value: a policy, and what happens under it, each step at its time.
//
// run_of() understands every list of descriptors. Steps stand in the order of time; packets and policies are
// valid by themselves, so a run can be played by anybody, printed and written to files.
#pragma once

#include <variant>
#include <vector>

#include "base/time.h"
#include "policy/policy.h"
#include "property/descriptor.h"
#include "property/packet_builder.h"

namespace vpcwall::property {

struct Reload {
  Policy policy;
};

struct Step {
  Duration at{};  // since the start; never decreases
  std::variant<Send, Reload> what;
  bool follows = false;  // a packet that belongs to an earlier one: the same way, back, or an error about it
};

struct Run {
  Policy policy;
  std::vector<Step> steps;
};

[[nodiscard]] Run run_of(const Descriptors& descriptors);

}  // namespace vpcwall::property

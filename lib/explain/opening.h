// Opens the way for a blocked request and its reply: every gate that refuses, and the edits that make it
// pass.
//
// The search walks on after each refusal: it lifts what refused in a copy of the policy and has the story
// told again, until it passes. So the refusals of all gates come to light, and what lifted them, less
// what turned out to be needless, is the fix.
//
// A fix opens no more than was asked for: this protocol, this port (for a reply: the ports that the client
// may have), this one peer. An entry gets a free number before the entry that denies; a rule goes to that
// group of the interface which the fewest interfaces carry. Facts: N-5, N-6, N-14, N-41, S-4. Any thread.
#pragma once

#include <nlohmann/json.hpp>

#include "explain/fix.h"
#include "explain/judged_policy.h"
#include "explain/port_coverage.h"
#include "explain/refusal.h"

namespace vpcwall {

struct Opening {
  Fix fix;
  std::vector<Refusal> refusals;  // in the order met; slots are not those in force
  nlohmann::ordered_json codes = nlohmann::ordered_json::array();  // of all of them, as in codes.h
};

// `coverage` is that of `inquiry` under `policy`, and not all of it passes.
[[nodiscard]] Opening open_the_way(const JudgedPolicy& policy, const StoryTeller& teller,
                                   const Inquiry& inquiry, const PortCoverage& coverage);

}  // namespace vpcwall

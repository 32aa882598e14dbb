// What lifts one refusal: an edit of the policy, or the reason why there is none.
//
// Any thread.
#pragma once

#include "explain/fix.h"
#include "explain/inquiry.h"
#include "explain/judged_policy.h"
#include "explain/refusal.h"

namespace vpcwall {

struct Lifting {
  // Any of these does, the first one best; each is a set of edits. None: no rule that could be written helps.
  std::vector<std::vector<Edit>> ways;
  std::string why_not, instead;
};

// `deny_before`: the lowest entry that denies some of this, or 0: the new entry must stand before it.
[[nodiscard]] Lifting lift(const JudgedPolicy& policy, const Refusal& refusal, const Inquiry& inquiry,
                           std::uint16_t deny_before);

// Takes the refusing gate out of the way without regard to what AWS would let one write: only to see what
// stands behind it.
void force(Policy& policy, const JudgedPolicy& judged, const Refusal& refusal);

}  // namespace vpcwall

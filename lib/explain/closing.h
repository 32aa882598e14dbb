// Closes the way for a request that passes although it was expected not to.
//
// Where a network ACL is asked, one entry that denies just this request, with a number before the entry that
// allows it. Inside a subnet no ACL is asked and security groups cannot deny (S-4): there the rules that
// allow it have to go, and everything else that they allow goes with them. Facts: N-5, N-10, S-4, S-5. Any
// thread.
#pragma once

#include "explain/fix.h"
#include "explain/judged_policy.h"
#include "explain/port_coverage.h"

namespace vpcwall {

// `coverage` is that of `inquiry` under `policy`, and some of it passes.
[[nodiscard]] Fix close_the_way(const JudgedPolicy& policy, const StoryTeller& teller, const Inquiry& inquiry,
                                const PortCoverage& coverage);

}  // namespace vpcwall

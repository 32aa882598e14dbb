// Of the flows of a state, those that a policy would have kept, had it been in force for a moment (C-67).
//
//   for (each policy since the state was saved, in order) drop_ended(state, *policy);
//
// A policy ends the flows of interfaces that it does not have, and those that it leaves untracked (C-20,
// C-25): what one has ended, a later one does not bring back.
#pragma once

#include "policy/compiled_policy.h"
#include "state/saved_state.h"

namespace vpcwall {

void drop_ended(SavedState& state, const CompiledPolicy& policy);

}  // namespace vpcwall

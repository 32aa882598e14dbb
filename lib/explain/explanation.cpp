#include "explain/explanation.h"

#include "explain/closing.h"
#include "explain/opening.h"

namespace vpcwall {
namespace {

// Counter slots of the policy in force mean nothing to a copy of it.
Circumstances without_slots(Circumstances circumstances) {
  for (Flow& flow : circumstances.live) flow.opened_by = no_slot;
  return circumstances;
}

}  // namespace

Explanation explain(const JudgedPolicy& policy, const Inquiry& inquiry, const Circumstances& circumstances) {
  const StoryTeller in_force(circumstances);
  const StoryTeller in_copies(without_slots(circumstances));
  Explanation told{inquiry, {}, cover(in_force, policy.compiled, inquiry), {}, {}, std::nullopt, nullptr};
  told.story = told.coverage.story(inquiry.request.source_port);
  if (const auto refusal = refusal_of(told.story)) told.nearest = near_rules(policy, *refusal);
  told.mistakes = mistakes_in(policy, in_copies, inquiry, told.coverage, told.nearest);
  if (told.nearest.size() > shown_near_rules) told.nearest.resize(shown_near_rules);
  told.codes = nlohmann::ordered_json::array();
  if (!told.passes()) {
    Opening opening = open_the_way(policy, in_copies, inquiry, told.coverage);
    told.codes = std::move(opening.codes);
    if (!inquiry.expect_blocked) told.fix = std::move(opening.fix);
  }
  if (!told.as_expected() && inquiry.expect_blocked)
    told.fix = close_the_way(policy, in_copies, inquiry, told.coverage);
  return told;
}

}  // namespace vpcwall

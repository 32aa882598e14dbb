// Why a request and its reply pass or do not, what nearly let them pass, and the smallest change that helps.
//
//   const Explanation told = explain({policy, *compiled, slots, "policy.yaml"}, inquiry, circumstances);
//   std::cout << explanation_text(to_json(told, judged), false);
//
// Every verdict, also those after a change that was only tried, is evaluate()'s; nothing outside is changed.
// What a live flow decides is taken into account only for its very tuple: a client that draws a port anew
// draws a free one. Any thread; costs a compile() for each refusal on the way.
#pragma once

#include "explain/fix.h"
#include "explain/mistakes.h"
#include "explain/nearest.h"
#include "explain/port_coverage.h"

namespace vpcwall {

struct Explanation {
  Inquiry inquiry;
  Story story;  // for the source port that tells most: one that is blocked, if any is
  PortCoverage coverage;
  std::vector<NearRule> nearest;  // of the story's refusal; a few
  std::vector<Mistake> mistakes;
  std::optional<Fix> fix;  // none: it is as expected
  nlohmann::ordered_json codes;

  [[nodiscard]] bool passes() const noexcept { return coverage.all_pass(); }
  [[nodiscard]] bool as_expected() const noexcept {
    return inquiry.expect_blocked ? coverage.none_passes() : passes();
  }
};

[[nodiscard]] Explanation explain(const JudgedPolicy& policy, const Inquiry& inquiry,
                                  const Circumstances& circumstances = {});

// The document that vpcwall-explain(1) describes: {"schema": "vpcwall/explain/1", "verdict": …}.
[[nodiscard]] nlohmann::ordered_json to_json(const Explanation& explanation, const JudgedPolicy& policy);

}  // namespace vpcwall

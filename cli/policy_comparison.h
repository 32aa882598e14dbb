// Two policies compared and the difference printed: for `diff`, and for `apply --plan`.
#pragma once

#include "policy/policy.h"
#include "reach/difference.h"
#include "reach/difference_report.h"

namespace vpcwall {

struct ComparisonOptions {
  DifferenceOptions asked;
  bool everything = false, text_only = false, semantic_only = false, json = false;
};

// The exit status: 0 when they are equal, 1 when they differ, 2 when the question cannot be answered.
[[nodiscard]] int print_comparison(const Policy& before, const Policy& after, const ComparedFiles& names,
                                   const ComparisonOptions& options);

}  // namespace vpcwall

#include "cli/policy_comparison.h"

#include <unistd.h>

#include <iostream>
#include <optional>

#include "cli/verbs.h"
#include "policy/policy_diff.h"

namespace vpcwall {

int print_comparison(const Policy& before, const Policy& after, const ComparedFiles& names,
                     const ComparisonOptions& options) {
  std::optional<std::vector<PolicyChange>> rules;
  if (!options.semantic_only) rules = diff_policies(before, after);
  std::optional<TrafficDifference> traffic;
  if (!options.text_only) {
    auto found = find_difference(before, after, options.asked);
    if (!found) {
      std::cerr << "vpcwall: " << names.before << ", " << names.after << ": " << found.error() << '\n';
      return exit_status::bad_input;
    }
    traffic = std::move(*found);
  }
  const DifferenceReport report{rules ? &*rules : nullptr, traffic ? &*traffic : nullptr, options.everything};
  if (options.json)
    std::cout << to_json(report, names).dump(2) << '\n';
  else
    std::cout << difference_text(report, names, ::isatty(STDOUT_FILENO) == 1);
  return report.is_empty() ? exit_status::ok : exit_status::negative;
}

}  // namespace vpcwall

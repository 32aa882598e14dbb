// Findings and checks as lines for people. Colour never carries anything that the words do not say.
#pragma once

#include "lint/report_json.h"

namespace vpcwall {

// "policy.yaml:9:9: high: network ACL public, ingress 100: lets … [VW004 reply-blocked]", and what to do,
// indented, on the next line; at the end how many of each severity there are. Suppressed findings are only
// counted.
[[nodiscard]] std::string findings_text(const LintedFile& file, bool color);
// A table of the checks, by catalogue.
[[nodiscard]] std::string checks_text(const std::vector<const Check*>& checks);

}  // namespace vpcwall

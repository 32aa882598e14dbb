// The parts of the table of checks, one for each catalogue. Others ask checks() of lint/check.h.
#pragma once

#include <vector>

#include "lint/check.h"

namespace vpcwall {

[[nodiscard]] std::vector<Check> own_checks();
[[nodiscard]] std::vector<Check> aws_config_checks();
[[nodiscard]] std::vector<Check> security_hub_checks();
[[nodiscard]] std::vector<Check> prowler_checks();

}  // namespace vpcwall

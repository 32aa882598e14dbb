// Rules of a group that another rule of the same group makes superfluous (S-5, S-7).
#pragma once

#include "lint/inspection.h"

namespace vpcwall {

[[nodiscard]] bool find_redundant_rules(const SecurityGroup& group, Inspection& inspection);

}  // namespace vpcwall

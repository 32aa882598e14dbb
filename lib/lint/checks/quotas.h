// Quotas that are nearly reached (S-24 to S-33, N-27, N-28): counted as the loader counts them.
#pragma once

#include "lint/inspection.h"

namespace vpcwall {

[[nodiscard]] bool find_near_quotas(const Policy& policy, Inspection& inspection);

}  // namespace vpcwall

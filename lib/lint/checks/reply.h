// Requests that both gates let pass, and whose replies the network ACL never lets pass (N-3, N-14, N-41).
#pragma once

#include "lint/inspection.h"

namespace vpcwall {

[[nodiscard]] bool find_blocked_replies(const Policy& policy, Inspection& inspection);

}  // namespace vpcwall

// What the daemon cannot tell about where packets come from.
#pragma once

#include "lint/inspection.h"

namespace vpcwall {

// D-1 to D-6, E-16. Not applicable while the daemon's settings are not known.
[[nodiscard]] bool find_unknown_places(const Policy& policy, Inspection& inspection);

}  // namespace vpcwall

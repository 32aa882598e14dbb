// What the kernel knows about this process: memory, descriptors, CPU time.
//
// A figure that cannot be read is 0. Any thread.
#pragma once

#include "daemon/metrics/metrics_text.h"

namespace vpcwall {

[[nodiscard]] ProcessFigures process_figures();

}  // namespace vpcwall

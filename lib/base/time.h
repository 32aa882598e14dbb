// Time as the project uses it: nanoseconds of a steady clock, always passed in as an argument.
// Nothing in lib/ reads a clock, so a test can let five days pass in no time.
#pragma once

#include <chrono>

namespace vpcwall {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

}  // namespace vpcwall

// Where the kernel meets the packets of one direction: what the fast path compares besides the tuple.
#pragma once

#include <cstdint>

#include "engine/journey.h"

namespace vpcwall {

// The rules that consult the fast path tell it by which device a packet leaves: each device that is bound to
// an interface has a class of its own, all others share one. A device that has no class because there are too
// many makes its packets stay out of the fast path.
using DeviceClass = std::uint16_t;
inline constexpr DeviceClass no_device_class = 0xffff;

struct Passage {
  std::uint32_t in_device = 0;  // 0: the hook has none
  DeviceClass out_class = no_device_class;

  [[nodiscard]] bool is_known() const noexcept { return out_class != no_device_class; }
};

// A packet's way, and the way on which its answers come.
struct Passages {
  Passage there, back;
  Journey journey_back;
};

}  // namespace vpcwall

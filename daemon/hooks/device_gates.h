// What the surroundings of a plan's devices mean: which packets of theirs no IP hook of this namespace would
// meet, and what is done about it. A pure function.
//
// A port of a bridge, and a slave of anything but a VRF, hands its packets over before IP sees them, or under
// the name of its master. A device on top of another (macvlan, macvtap, ipvlan) takes frames away, perhaps
// into another namespace. Host mode closes the first kind, and refuses the frames of the second by their
// addresses; where those are the device's own, it is closed as well.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "daemon/hooks/hook_plan.h"
#include "daemon/hooks/links.h"

namespace vpcwall {

// Of one device: what is to be known of it, for the log and for `status`.
struct DeviceNote {
  std::string device;
  std::string
      state;  // "closed": nothing passes; "shared": frames of others are dropped; "unjudged": they pass
  std::string reason;  // "is a port of bridge br0"
  friend bool operator==(const DeviceNote&, const DeviceNote&) = default;
};

struct DeviceGates {
  std::vector<DeviceGate> gates;
  std::vector<DeviceNote> notes;
};

// `with_further_addresses`: see links.h.
[[nodiscard]] DeviceGates device_gates(const HookPlan& plan, const Links& links,
                                       const std::set<std::uint32_t>& with_further_addresses);

}  // namespace vpcwall

// Whose gates one packet meets: the guarded interface it leaves and the guarded interface it enters.
//
// Either may be absent (the internet, an unguarded host). Addresses say which interfaces take part; where a
// kernel device is bound to an interface, the device says it, and the address alone no longer does: a packet
// that claims the address of a bound interface but came in elsewhere did not come from it.
#pragma once

#include <optional>

#include "net/packet.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

// What the policy says of the packet's two addresses.
struct Ends {
  AddressFacts source, destination;
  friend bool operator==(const Ends&, const Ends&) = default;
};

struct Journey {
  InterfaceIndex leaves = no_interface;  // its egress gates are asked first
  InterfaceIndex enters = no_interface;
  // Known where the packet's addresses were looked up to find the journey; evaluate() looks them up
  // otherwise.
  std::optional<Ends> ends = std::nullopt;
  friend bool operator==(const Journey&, const Journey&) = default;
};

// Kernel devices on the way, 0 = not known. A router
// receives through an interface's device what that interface sends; a host sends through its own device.
struct Devices {
  std::uint32_t from = 0;  // carries the traffic of the interface that the packet leaves
  std::uint32_t to = 0;    // carries the traffic of the interface that the packet enters
};

[[nodiscard]] inline Ends find_ends(const CompiledPolicy& policy, const Packet& packet) noexcept {
  return {policy.addresses.find(packet.source), policy.addresses.find(packet.destination)};
}
[[nodiscard]] Journey find_journey(const CompiledPolicy& policy, const Packet& packet,
                                   Devices devices) noexcept;

}  // namespace vpcwall

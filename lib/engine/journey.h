// Whose gates one packet meets: the guarded interface it leaves and the guarded interface it enters.
//
// Either may be absent (the internet, an unguarded host). Addresses say which interfaces take part; where a
// kernel device is bound to an interface, the device says it, and the address alone no longer does: a packet
// that claims the address of a bound interface but came in elsewhere did not come from it.
#pragma once

#include "net/packet.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

struct Journey {
  InterfaceIndex leaves = no_interface;  // its egress gates are asked first
  InterfaceIndex enters = no_interface;
  Ends ends = {};  // looked up where that found the journey; evaluate() does it otherwise
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
// One side of it, by what is known of its address and its device.
[[nodiscard]] inline InterfaceIndex guarded_side(const CompiledPolicy& policy, InterfaceIndex by_address,
                                                 std::uint32_t device) noexcept {
  const InterfaceIndex by_device = policy.interface_on(device);
  if (by_device != no_interface) return by_device;
  if (by_address == no_interface || device == 0) return by_address;
  return policy.interfaces[by_address].has_device ? no_interface : by_address;
}

// Here because every packet comes this way: returned from elsewhere, a journey passes through memory in
// pieces.
[[nodiscard]] inline Journey find_journey(const CompiledPolicy& policy, const Packet& packet,
                                          Devices devices) noexcept {
  const Ends ends = find_ends(policy, packet);
  return {guarded_side(policy, ends.source().owner(), devices.from),
          guarded_side(policy, ends.destination().owner(), devices.to), ends};
}

}  // namespace vpcwall

// Whose gates one packet meets: the guarded interface it leaves and the guarded interface it enters.
//
// Either may be absent (the internet, an unguarded host). Addresses say which interfaces take part; where a
// kernel device is bound to an interface, the device says it, and the address alone no longer does: a packet
// that claims the address of a bound interface but came in elsewhere did not come from it.
//
// Where no guarded interface takes part at one end, but the address there lies in a subnet, the subnet's
// network ACL does (O-20).
#pragma once

#include "net/packet.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

struct Journey {
  InterfaceIndex leaves = no_interface;  // its egress gates are asked first
  InterfaceIndex enters = no_interface;
  SubnetIndex leaves_subnet = no_subnet;  // set only where `leaves` is not: asked in its place
  SubnetIndex enters_subnet = no_subnet;  // ... and where `enters` is not
  Ends ends = {};  // looked up where that found the journey; evaluate() does it otherwise
  friend bool operator==(const Journey&, const Journey&) = default;

  [[nodiscard]] bool meets_a_gate() const noexcept {
    return leaves != no_interface || enters != no_interface || leaves_subnet != no_subnet ||
           enters_subnet != no_subnet;
  }
};

// The way of an answer; its ends are not looked up yet.
[[nodiscard]] inline Journey way_back(const Journey& journey) noexcept {
  return {journey.enters, journey.leaves, journey.enters_subnet, journey.leaves_subnet, {}};
}

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

// The subnet that is asked in the place of an interface. AWS's own addresses in a subnet are no one's (E-17).
[[nodiscard]] inline SubnetIndex guarded_subnet(const CompiledPolicy& policy, InterfaceIndex interface,
                                                AddressFacts facts) noexcept {
  const bool asked =
      interface == no_interface && !facts.exempt() && policy.unlisted_addresses != UnlistedAddresses::pass;
  return asked ? facts.subnet() : no_subnet;
}

// Here because every packet comes this way: returned from elsewhere, a journey passes through memory in
// pieces.
[[nodiscard]] inline Journey find_journey(const CompiledPolicy& policy, const Packet& packet,
                                          Devices devices) noexcept {
  const Ends ends = find_ends(policy, packet);
  const InterfaceIndex leaves = guarded_side(policy, ends.source().owner(), devices.from);
  const InterfaceIndex enters = guarded_side(policy, ends.destination().owner(), devices.to);
  return {leaves, enters, guarded_subnet(policy, leaves, ends.source()),
          guarded_subnet(policy, enters, ends.destination()), ends};
}

}  // namespace vpcwall

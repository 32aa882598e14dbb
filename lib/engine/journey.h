// Whose gates one packet meets: the guarded interface it leaves and the guarded interface it enters.
//
// Either may be absent (the internet, an unguarded host). Addresses say which interfaces take part; where a
// kernel device is bound to an interface, the device says it, and the address alone no longer does: a packet
// that claims the address of a bound interface but came in elsewhere did not come from it.
//
// Where no interface takes part because none has the address, the subnet in whose range the address lies
// does: its network ACL guards all of its range (O-20).
//
// The device by which a packet came also says which source addresses it may have: see Origin.
#pragma once

#include "net/packet.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

// Two words, so that it travels in registers.
struct Journey {
  InterfaceIndex leaves = no_interface;  // its egress gates are asked first
  InterfaceIndex enters = no_interface;
  Origin origin = Origin::believed;
  bool leaves_unlisted = false;  // no interface has the source, which a subnet holds; only with `ends`
  bool enters_unlisted = false;  // likewise the destination
  Ends ends = {};                // looked up where that found the journey; evaluate() does it otherwise

  // The subnet of the interface that it leaves or enters is not among these.
  [[nodiscard]] SubnetIndex leaves_subnet() const noexcept {
    return leaves_unlisted ? ends.source().subnet() : no_subnet;
  }
  [[nodiscard]] SubnetIndex enters_subnet() const noexcept {
    return enters_unlisted ? ends.destination().subnet() : no_subnet;
  }
  // One side only: the other is judged elsewhere, or not at all.
  void forget_leaving() noexcept {
    leaves = no_interface;
    leaves_unlisted = false;
  }
  void forget_entering() noexcept {
    enters = no_interface;
    enters_unlisted = false;
  }
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
// One side of it, by what is known of its address and its device, which carries `by_device`.
[[nodiscard]] inline InterfaceIndex guarded_side(const CompiledPolicy& policy, InterfaceIndex by_address,
                                                 std::uint32_t device, InterfaceIndex by_device) noexcept {
  if (by_device != no_interface) return by_device;
  if (by_address == no_interface || device == 0) return by_address;
  return policy.interfaces[by_address].has_device ? no_interface : by_address;
}
// Whether a subnet guards the address of a side on which no interface takes part. The router's own addresses
// lie in the ranges of subnets and beyond their ACLs (E-17).
[[nodiscard]] inline bool is_guarded_unlisted(const CompiledPolicy& policy, InterfaceIndex side,
                                              AddressFacts address) noexcept {
  return side == no_interface && address.subnet() != no_subnet && !address.exempt() &&
         policy.behavior.unlisted_addresses != Behavior::UnlistedAddresses::pass;
}

// Here because every packet comes this way: returned from elsewhere, a journey passes through memory in
// pieces.
[[nodiscard]] inline Journey find_journey(const CompiledPolicy& policy, const Packet& packet,
                                          Devices devices) noexcept {
  const Ends ends = find_ends(policy, packet);
  const DevicePlace from = policy.place_of(devices.from);
  const InterfaceIndex leaves = guarded_side(policy, ends.source().owner(), devices.from, from.interface);
  const InterfaceIndex enters =
      guarded_side(policy, ends.destination().owner(), devices.to, policy.interface_on(devices.to));
  return {leaves,
          enters,
          devices.from == 0 ? Origin::believed : from.origin,
          is_guarded_unlisted(policy, leaves, ends.source()),
          is_guarded_unlisted(policy, enters, ends.destination()),
          ends};
}

// The way of an answer: the same gates from the other end, from where it belongs.
[[nodiscard]] inline Journey way_back(const Journey& journey) noexcept {
  const Ends ends =
      journey.ends.looked_up() ? Ends(journey.ends.destination(), journey.ends.source()) : Ends();
  return {journey.enters,          journey.leaves,          Origin::believed,
          journey.enters_unlisted, journey.leaves_unlisted, ends};
}

}  // namespace vpcwall

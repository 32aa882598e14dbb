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

  // The subnet that is asked in the place of an interface.
  [[nodiscard]] SubnetIndex leaves_subnet() const noexcept {
    return leaves_unlisted ? ends.source().subnet() : no_subnet;
  }
  [[nodiscard]] SubnetIndex enters_subnet() const noexcept {
    return enters_unlisted ? ends.destination().subnet() : no_subnet;
  }
  [[nodiscard]] bool leaves_guarded() const noexcept { return leaves != no_interface || leaves_unlisted; }
  [[nodiscard]] bool enters_guarded() const noexcept { return enters != no_interface || enters_unlisted; }
  [[nodiscard]] bool meets_a_gate() const noexcept { return leaves_guarded() || enters_guarded(); }
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
  const DevicePlace from = policy.place_of(devices.from);
  const InterfaceIndex leaves = guarded_side(policy, ends.source().owner(), devices.from, from.interface);
  const InterfaceIndex enters =
      guarded_side(policy, ends.destination().owner(), devices.to, policy.interface_on(devices.to));
  return {leaves,
          enters,
          devices.from == 0 ? Origin::believed : from.origin,
          guarded_subnet(policy, leaves, ends.source()) != no_subnet,
          guarded_subnet(policy, enters, ends.destination()) != no_subnet,
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

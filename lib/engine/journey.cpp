#include "engine/journey.h"

namespace vpcwall {
namespace {

InterfaceIndex side(const CompiledPolicy& policy, InterfaceIndex by_address, std::uint32_t device) noexcept {
  const InterfaceIndex by_device = policy.interface_on(device);
  if (by_device != no_interface) return by_device;
  if (by_address == no_interface || device == 0) return by_address;
  return policy.interfaces[by_address].has_device ? no_interface : by_address;
}

}  // namespace

Journey find_journey(const CompiledPolicy& policy, const Packet& packet, Devices devices) noexcept {
  const Ends ends = find_ends(policy, packet);
  return {side(policy, ends.source.owner(), devices.from), side(policy, ends.destination.owner(), devices.to),
          ends};
}

}  // namespace vpcwall

#include "engine/journey.h"

namespace vpcwall {
namespace {

InterfaceIndex side(const CompiledPolicy& policy, const IpAddress& address, std::uint32_t device) noexcept {
  const InterfaceIndex by_device = policy.interface_on(device);
  if (by_device != no_interface) return by_device;
  const InterfaceIndex by_address = policy.interface_of(address);
  if (by_address == no_interface || device == 0) return by_address;
  return policy.interfaces[by_address].has_device ? no_interface : by_address;
}

}  // namespace

Journey find_journey(const CompiledPolicy& policy, const Packet& packet, Devices devices) noexcept {
  return {side(policy, packet.source, devices.from), side(policy, packet.destination, devices.to)};
}

}  // namespace vpcwall

#include "policy/compiled_policy.h"

namespace vpcwall {

bool CompiledTraffic::matches(const Packet& packet) const noexcept {
  if (any_protocol) return true;
  if (packet.transport == Transport::lost || packet.protocol != protocol) return false;
  const bool whole = packet.transport == Transport::whole;
  if (has_ports(protocol)) return whole && ports.contains(packet.destination_port);
  if (icmp_type < 0) return true;
  return whole && packet.icmp_type == icmp_type && (icmp_code < 0 || packet.icmp_code == icmp_code);
}

bool CompiledTraffic::matches_port(Protocol packet_protocol, std::uint16_t destination_port) const noexcept {
  return any_protocol || (protocol == packet_protocol && ports.contains(destination_port));
}

bool CompiledTraffic::covers_all_ports(Protocol packet_protocol) const noexcept {
  return any_protocol || (protocol == packet_protocol && ports.is_all());
}

InterfaceIndex CompiledPolicy::interface_of(const IpAddress& address) const noexcept {
  if (const auto found = hosts.find(address); found != hosts.end()) return found->second;
  for (const auto& [prefix, interface] : delegated)
    if (prefix.contains(address)) return interface;
  return no_interface;
}

InterfaceIndex CompiledPolicy::interface_on(std::uint32_t device) const noexcept {
  if (device == 0 || devices.empty()) return no_interface;
  const auto found = devices.find(device);
  return found != devices.end() ? found->second : no_interface;
}

InterfaceIndex CompiledPolicy::interface_named(std::string_view id_or_name) const noexcept {
  for (std::size_t i = 0; i < interfaces.size(); ++i)
    if (interfaces[i].id == id_or_name || interfaces[i].name == id_or_name)
      return static_cast<InterfaceIndex>(i);
  return no_interface;
}

}  // namespace vpcwall

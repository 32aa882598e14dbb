#include "policy/compiled_traffic.h"

namespace vpcwall {
namespace {

constexpr unsigned protocol_shift = 16, type_shift = 8;
constexpr TrafficKind values = 0xffff;  // ports, or types and codes
constexpr TrafficKind codes = 0xff;
constexpr TrafficKind header_cut = TrafficKind{1} << 24U;
constexpr TrafficKind protocol_lost = TrafficKind{1} << 25U;
constexpr TrafficKind last_kind = protocol_lost;

constexpr TrafficKind all_of(Protocol protocol) noexcept {
  return static_cast<TrafficKind>(protocol) << protocol_shift;
}

}  // namespace

TrafficKind kind_of(const Packet& packet) noexcept {
  if (packet.transport == Transport::lost) return protocol_lost;
  const TrafficKind protocol = all_of(packet.protocol);
  const bool ports = has_ports(packet.protocol);
  if (!ports && !is_icmp(packet.protocol)) return protocol;
  if (packet.transport != Transport::whole) return protocol | header_cut;
  if (ports) return protocol | packet.destination_port;
  return protocol | TrafficKind{packet.icmp_type} << type_shift | packet.icmp_code;
}

TrafficKind kind_of(Protocol protocol, std::uint16_t destination_port) noexcept {
  return all_of(protocol) | destination_port;
}

std::array<TrafficKinds, 2> CompiledTraffic::kinds() const noexcept {
  if (any_protocol) return {TrafficKinds{0, last_kind}, TrafficKinds{}};
  const TrafficKind base = all_of(protocol);
  const TrafficKinds cut{base | header_cut, base | header_cut};
  if (has_ports(protocol))
    return {TrafficKinds{base | ports.first, base | ports.last}, ports.is_all() ? cut : TrafficKinds{}};
  if (icmp_type < 0) return {TrafficKinds{base, base | values}, cut};
  const TrafficKind type = base | static_cast<TrafficKind>(icmp_type) << type_shift;
  if (icmp_code < 0) return {TrafficKinds{type, type | codes}, TrafficKinds{}};
  const TrafficKind exactly = type | static_cast<TrafficKind>(icmp_code);
  return {TrafficKinds{exactly, exactly}, TrafficKinds{}};
}

CompiledTraffic compile_traffic(const Traffic& traffic) {
  CompiledTraffic compiled;
  compiled.any_protocol = !traffic.protocol.has_value();
  if (traffic.protocol) compiled.protocol = *traffic.protocol;
  compiled.ports = traffic.ports;
  if (traffic.icmp_type) compiled.icmp_type = *traffic.icmp_type;
  if (traffic.icmp_code) compiled.icmp_code = *traffic.icmp_code;
  return compiled;
}

}  // namespace vpcwall

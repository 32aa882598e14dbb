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

constexpr TrafficKinds only(TrafficKind kind) noexcept { return {kind, kind}; }

// Packets of the protocol that can be read.
TrafficKinds readable_kinds(const CompiledTraffic& traffic) noexcept {
  const TrafficKind base = all_of(traffic.protocol);
  if (has_ports(traffic.protocol)) return {base | traffic.ports.first, base | traffic.ports.last};
  if (traffic.icmp_type < 0) return {base, base | values};
  const TrafficKind type = base | static_cast<TrafficKind>(traffic.icmp_type) << type_shift;
  if (traffic.icmp_code < 0) return {type, type | codes};
  return only(type | static_cast<TrafficKind>(traffic.icmp_code));
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

std::array<TrafficKinds, 3> CompiledTraffic::kinds() const noexcept {
  if (any_protocol) return {TrafficKinds{0, last_kind}, TrafficKinds{}, TrafficKinds{}};
  const TrafficKinds cut = only(all_of(protocol) | header_cut);
  const TrafficKinds lost = matches_unreadable ? only(protocol_lost) : TrafficKinds{};
  const bool names_value = has_ports(protocol) ? !ports.is_all() : icmp_type >= 0;
  return {readable_kinds(*this), names_value && !matches_unreadable ? TrafficKinds{} : cut, lost};
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

// Traffic as a matcher: does a packet of this kind fit? Peers are looked at elsewhere.
//
// Everything that a rule may ask of a packet besides its peer is one number, its TrafficKind: the protocol
// and its destination port, or the protocol with type and code. Traffic is then a range of kinds, so that
// many rules can be searched instead of asked one by one (rule_index.h). Values; any thread.
#pragma once

#include <array>
#include <cstdint>

#include "net/packet.h"
#include "policy/policy.h"

namespace vpcwall {

// Bits 0 to 15: destination port, or ICMP type and code, or 0. Bits 16 to 23: protocol. Bit 24: the header is
// cut (S-69). Bit 25: the protocol cannot be read (S-68).
using TrafficKind = std::uint32_t;

[[nodiscard]] TrafficKind kind_of(const Packet& packet) noexcept;
// Of a tuple that is no packet in hand: a reply's request, or a quoted packet. tcp and udp only.
[[nodiscard]] TrafficKind kind_of(Protocol protocol, std::uint16_t destination_port) noexcept;

// Inclusive at both ends; empty when `first` is greater.
struct TrafficKinds {
  TrafficKind first = 1, last = 0;

  [[nodiscard]] bool contains(TrafficKind kind) const noexcept { return first <= kind && kind <= last; }
};

struct CompiledTraffic {
  bool any_protocol = false;
  Protocol protocol = Protocol::no_next_header;
  PortRange ports;
  std::int16_t icmp_type = -1, icmp_code = -1;  // -1: any
  // S-68, S-69: whether a packet matches that might fit because a part of it cannot be read. What denies
  // matches it, what allows does not.
  bool matches_unreadable = false;

  // S-59, S-61 to S-69, N-14 to N-19: packets with a whole header, with a cut one, and of a protocol that
  // cannot be read.
  [[nodiscard]] std::array<TrafficKinds, 3> kinds() const noexcept;
  [[nodiscard]] bool matches(TrafficKind kind) const noexcept {
    const auto [whole, cut, lost] = kinds();
    return whole.contains(kind) || cut.contains(kind) || lost.contains(kind);
  }
  // Covers every port of `packet_protocol` (C-8b, C-11).
  [[nodiscard]] bool covers_all_ports(Protocol packet_protocol) const noexcept {
    return any_protocol || (protocol == packet_protocol && ports.is_all());
  }
};

// As a rule that allows.
[[nodiscard]] CompiledTraffic compile_traffic(const Traffic& traffic);

}  // namespace vpcwall

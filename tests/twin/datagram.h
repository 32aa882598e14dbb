// The part of a packet that rules and flows look at, for a packet in hand and for one quoted by an error
// alike.
#pragma once

#include "net/packet.h"

namespace vpcwall::twin {

struct Datagram {
  IpAddress source, destination;
  Protocol protocol = Protocol::no_next_header;
  bool lost = false;      // the protocol behind the extension headers is unknown (S-68)
  bool cut = false;       // the header of the protocol ends before its ports, or type and code (S-69)
  bool readable = false;  // ports, or type and code, are valid
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint8_t icmp_type = 0, icmp_code = 0;
  std::uint16_t icmp_identifier = 0;

  [[nodiscard]] Family family() const { return source.family; }
};

[[nodiscard]] Datagram datagram_of(const Packet& packet);
[[nodiscard]] Datagram datagram_of(const QuotedPacket& quoted);

// The packet that goes the other way between the same ends (C-15).
[[nodiscard]] Datagram reversed(const Datagram& datagram);

[[nodiscard]] bool is_tcp(const Datagram& datagram);
[[nodiscard]] bool is_udp(const Datagram& datagram);
// Protocol 1 in IPv4 and 58 in IPv6; in the other family they are protocols like any other (S-66).
[[nodiscard]] bool is_icmp(const Datagram& datagram);

}  // namespace vpcwall::twin

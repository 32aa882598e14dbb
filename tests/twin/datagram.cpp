#include "twin/datagram.h"

#include <utility>

namespace vpcwall::twin {
namespace {

// Both kinds of packet have these fields under the same names.
template <class AnyPacket>
Datagram common_part(const AnyPacket& packet) {
  Datagram datagram;
  datagram.source = packet.source;
  datagram.destination = packet.destination;
  datagram.lost = packet.transport == Transport::lost;
  datagram.protocol = datagram.lost ? Protocol::no_next_header : packet.protocol;  // 59 (S-68)
  datagram.cut = packet.transport == Transport::cut;
  datagram.readable = packet.transport == Transport::whole;
  datagram.source_port = packet.source_port;
  datagram.destination_port = packet.destination_port;
  datagram.icmp_type = packet.icmp_type;
  datagram.icmp_identifier = packet.icmp_identifier;
  return datagram;
}

}  // namespace

Datagram datagram_of(const Packet& packet) {
  Datagram datagram = common_part(packet);
  datagram.icmp_code = packet.icmp_code;
  return datagram;
}

Datagram datagram_of(const QuotedPacket& quoted) { return common_part(quoted); }

Datagram reversed(const Datagram& datagram) {
  Datagram back = datagram;
  std::swap(back.source, back.destination);
  std::swap(back.source_port, back.destination_port);
  return back;
}

bool is_tcp(const Datagram& datagram) { return datagram.protocol == Protocol::tcp; }

bool is_udp(const Datagram& datagram) { return datagram.protocol == Protocol::udp; }

bool is_icmp(const Datagram& datagram) {
  if (datagram.family() == Family::ipv4) return datagram.protocol == Protocol::icmp;
  return datagram.protocol == Protocol::icmpv6;
}

}  // namespace vpcwall::twin

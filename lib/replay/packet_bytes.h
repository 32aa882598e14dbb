// A packet as the bytes of a real one: lengths and checksums are right, and parse_packet() reads the same
// packet from them.
//
//   const auto bytes = to_bytes(packet);
//   if (!bytes) complain(bytes.error());
//   send(*bytes);                         // from the IP header on
//
// What a Packet does not say is filled in as plainly as possible: no IP options, sequence number 1, zeros as
// data up to packet.length. Where `length` leaves no room for the headers, the packet is as long as they are;
// where the transport header is cut, `length` says how much of it is left, at least one byte too few. The
// quote of a cut packet ends behind its IP header, and so does the packet that quotes it.
//
// The error is a sentence about a packet that cannot exist: too long, or one that no parser would read like
// this, such as an IPv4 packet whose IPv6 extension headers are lost. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/expected.h"
#include "net/packet.h"

namespace vpcwall {

using PacketBytes = std::vector<std::byte>;

[[nodiscard]] Expected<PacketBytes, std::string> to_bytes(const Packet& packet);

}  // namespace vpcwall

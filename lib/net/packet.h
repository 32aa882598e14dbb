// Bytes of one IP packet -> the facts that a firewall decides on.
//
// The parser is bounded: it reads at most max_header_walk extension headers, never past the span it was
// given, allocates nothing and throws nothing. A Packet owns nothing and points nowhere, so it may outlive
// the bytes it was read from. Every function here may be called from any thread.
//
// What counts as damaged, and what as merely unreadable:
//  - an IP header that lies about itself (version, header length, total length) is a ParseError: drop it;
//  - a fragment is a ParseError: datagrams are reassembled before any gate (C-64), so one that still
//    arrives here has no ports to judge;
//  - an intact IP header over a cut transport header is a Packet whose transport is `cut`: only
//    rules that name no port and no type certainly match it (S-69);
//  - an IPv6 extension chain that cannot be followed is a Packet whose transport is `lost`: only rules for
//  all
//    protocols certainly match it (S-68).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/expected.h"
#include "net/address.h"
#include "net/protocol.h"

namespace vpcwall {

enum class ParseError : std::uint8_t {
  empty,              // no bytes at all
  bad_version,        // neither 4 nor 6
  bad_header_length,  // IPv4 IHL below 20 bytes or beyond the packet
  bad_total_length,   // a length field smaller than the headers, or larger than the packet
  fragment,           // a piece of a datagram (C-64)
};
inline constexpr std::size_t parse_error_count = 5;
[[nodiscard]] std::string_view to_string(ParseError error) noexcept;

struct TcpFlags {
  bool fin = false, syn = false, rst = false, psh = false, ack = false, urg = false;

  [[nodiscard]] static TcpFlags from_byte(std::uint8_t byte) noexcept;
  [[nodiscard]] std::uint8_t to_byte() const noexcept;
  // The only packet that may open a TCP flow (C-43).
  [[nodiscard]] bool opens() const noexcept { return syn && !ack && !rst && !fin; }
  friend bool operator==(const TcpFlags&, const TcpFlags&) = default;
};

// How much of the transport header was readable.
enum class Transport : std::uint8_t {
  none,   // a protocol whose header we do not look into (S-67)
  whole,  // ports, or type and code, are valid
  cut,    // a known protocol whose header is incomplete (S-69)
  lost,   // an IPv6 extension chain that cannot be followed (S-68)
};
// A part of the headers exists that we cannot read: the packet is one of several (S-68, S-69).
[[nodiscard]] inline bool is_unreadable(Transport transport) noexcept {
  return transport == Transport::cut || transport == Transport::lost;
}

// The packet inside an ICMP error: the sender's own packet, as it was when the error arose.
struct QuotedPacket {
  IpAddress source, destination;
  Protocol protocol = Protocol::no_next_header;
  Transport transport = Transport::none;
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint8_t icmp_type = 0;
  std::uint16_t icmp_identifier = 0;
  friend bool operator==(const QuotedPacket&, const QuotedPacket&) = default;
};

struct Packet {
  IpAddress source, destination;
  Protocol protocol = Protocol::no_next_header;  // first header after the IPv6 extensions (S-68)
  Transport transport = Transport::none;
  std::uint16_t source_port = 0, destination_port = 0;  // tcp and udp
  TcpFlags tcp_flags;
  std::uint8_t icmp_type = 0, icmp_code = 0;
  std::uint16_t icmp_identifier = 0;   // queries and replies only
  std::uint8_t hop_limit = 64;         // IPv4: time to live
  std::uint32_t length = 0;            // bytes from the IP header on (F-45)
  std::optional<QuotedPacket> quoted;  // ICMP errors only

  [[nodiscard]] Family family() const noexcept { return source.family; }
  friend bool operator==(const Packet&, const Packet&) = default;
};

// `bytes` starts at the IP header and may be a prefix of the packet (a headers-only copy); `wire_length` is
// the length of the whole packet in bytes. With `bytes` complete, pass bytes.size().
[[nodiscard]] Expected<Packet, ParseError> parse_packet(std::span<const std::byte> bytes,
                                                        std::uint32_t wire_length) noexcept;

// ICMP and ICMPv6 types that ask a question, and the type that answers it (C-48).
[[nodiscard]] bool is_icmp_query(Protocol protocol, std::uint8_t type) noexcept;
// The query type that `type` answers; nothing if `type` is no reply.
[[nodiscard]] std::optional<std::uint8_t> answered_query(Protocol protocol, std::uint8_t type) noexcept;
// Destination unreachable, time exceeded, parameter problem, packet too big, and so on: carries a quote.
[[nodiscard]] bool is_icmp_error(Protocol protocol, std::uint8_t type) noexcept;

}  // namespace vpcwall

// Packets as bytes, built header by header, for tests of whatever reads bytes.
//
//   Bytes p = ipv4({.protocol = 6}, tcp({.flags = 0x02}));
//   Bytes q = ipv6({.next = 44}, fragment_header(17, 0, false) + udp({}));
//
// Addresses default to documentation ranges; lengths are filled in, and may be overridden to lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vpcwall::test {

struct Bytes : std::vector<std::byte> {
  using vector::vector;
  Bytes& u8(unsigned value);
  Bytes& u16(unsigned value);
  Bytes& u32(std::uint32_t value);
  Bytes& address(const std::string& text);
  Bytes& zeros(std::size_t count);
  [[nodiscard]] Bytes cut(std::size_t size) const;  // the first `size` bytes
};
Bytes operator+(Bytes first, const Bytes& second);

struct Ipv4Header {
  std::string source = "203.0.113.12", destination = "10.0.0.5";
  unsigned protocol = 6;
  unsigned ttl = 64;
  unsigned fragment_field = 0;  // flags and offset as on the wire
  std::size_t option_words = 0;
  std::optional<unsigned> version = {}, header_words = {}, total_length = {};
};
Bytes ipv4(const Ipv4Header& header, const Bytes& payload);

struct Ipv6Header {
  std::string source = "2001:db8:ffff::12", destination = "2001:db8:1234:1a00::5";
  unsigned next = 6;
  unsigned hop_limit = 64;
  std::optional<unsigned> payload_length = {};
};
Bytes ipv6(const Ipv6Header& header, const Bytes& payload);

// Extension headers; `words` counts 8-byte units beyond the first.
Bytes options_header(unsigned next, unsigned words = 0);
Bytes fragment_header(unsigned next, unsigned offset_units, bool more);
Bytes authentication_header(unsigned next);

struct TcpHeader {
  unsigned source_port = 40000, destination_port = 443;
  unsigned flags = 0x02;
  unsigned data_offset = 5;
};
Bytes tcp(const TcpHeader& header);

struct UdpHeader {
  unsigned source_port = 40000, destination_port = 53;
};
Bytes udp(const UdpHeader& header, std::size_t payload = 0);

// The eight-byte header; `rest` is identifier and sequence, or unused and MTU.
Bytes icmp(unsigned type, unsigned code, std::uint32_t rest = 0);

}  // namespace vpcwall::test

#include "support/packet_bytes.h"

#include <arpa/inet.h>

#include <array>
#include <stdexcept>

namespace vpcwall::test {

Bytes& Bytes::u8(unsigned value) {
  push_back(static_cast<std::byte>(value));
  return *this;
}
Bytes& Bytes::u16(unsigned value) { return u8((value >> 8U) & 0xffU).u8(value & 0xffU); }
Bytes& Bytes::u32(std::uint32_t value) { return u16(value >> 16U).u16(value & 0xffffU); }

Bytes& Bytes::address(const std::string& text) {
  std::array<std::byte, 16> raw{};
  const bool v4 = inet_pton(AF_INET, text.c_str(), raw.data()) == 1;
  if (!v4 && inet_pton(AF_INET6, text.c_str(), raw.data()) != 1) throw std::invalid_argument(text);
  insert(end(), raw.begin(), raw.begin() + (v4 ? 4 : 16));
  return *this;
}

Bytes& Bytes::zeros(std::size_t count) {
  insert(end(), count, std::byte{0});
  return *this;
}

Bytes Bytes::cut(std::size_t size) const {
  Bytes result;
  result.assign(begin(), begin() + static_cast<std::ptrdiff_t>(size));
  return result;
}

Bytes operator+(Bytes first, const Bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Bytes ipv4(const Ipv4Header& header, const Bytes& payload) {
  const std::size_t words = 5 + header.option_words;
  const auto total = static_cast<unsigned>(words * 4 + payload.size());
  Bytes bytes;
  bytes.u8((header.version.value_or(4) << 4U) | header.header_words.value_or(static_cast<unsigned>(words)));
  bytes.u8(0).u16(header.total_length.value_or(total)).u16(1).u16(header.fragment_field);
  bytes.u8(header.ttl).u8(header.protocol).u16(0).address(header.source).address(header.destination);
  for (std::size_t i = 0; i < header.option_words * 4; ++i) bytes.u8(1);  // no-operation options
  return bytes + payload;
}

Bytes ipv6(const Ipv6Header& header, const Bytes& payload) {
  Bytes bytes;
  bytes.u32(6U << 28U).u16(header.payload_length.value_or(static_cast<unsigned>(payload.size())));
  bytes.u8(header.next).u8(header.hop_limit).address(header.source).address(header.destination);
  return bytes + payload;
}

Bytes options_header(unsigned next, unsigned words) {
  Bytes bytes;
  return bytes.u8(next).u8(words).zeros(6 + std::size_t{words} * 8);
}

Bytes fragment_header(unsigned next, unsigned offset_units, bool more) {
  Bytes bytes;
  return bytes.u8(next).u8(0).u16((offset_units << 3U) | (more ? 1U : 0U)).u32(7);
}

Bytes authentication_header(unsigned next) {
  Bytes bytes;
  return bytes.u8(next).u8(4).zeros(22);  // 24 bytes: (4 + 2) words of four
}

Bytes tcp(const TcpHeader& header) {
  Bytes bytes;
  bytes.u16(header.source_port).u16(header.destination_port).u32(1).u32(0);
  return bytes.u8(header.data_offset << 4U).u8(header.flags).u16(65535).u32(0);
}

Bytes udp(const UdpHeader& header, std::size_t payload) {
  Bytes bytes;
  bytes.u16(header.source_port).u16(header.destination_port).u16(static_cast<unsigned>(8 + payload)).u16(0);
  return bytes.zeros(payload);
}

Bytes icmp(unsigned type, unsigned code, std::uint32_t rest) {
  Bytes bytes;
  return bytes.u8(type).u8(code).u16(0).u32(rest);
}

}  // namespace vpcwall::test

#include "net/fragment.h"

#include <algorithm>

#include "net/packet.h"

namespace vpcwall {
namespace {

constexpr std::size_t ipv6_header_size = 40;
constexpr std::size_t fragment_header_size = 8;

std::uint32_t u8(std::span<const std::byte> bytes, std::size_t at) noexcept {
  return std::to_integer<std::uint32_t>(bytes[at]);
}
std::uint32_t u16(std::span<const std::byte> bytes, std::size_t at) noexcept {
  return u8(bytes, at) << 8U | u8(bytes, at + 1);
}

// The length of the packet, which parse_packet() has found to fit into `wire_length`; 0 stands for more than
// the field can say.
std::uint32_t total(std::uint32_t field, std::size_t added, std::uint32_t wire_length) noexcept {
  return field != 0 ? field + static_cast<std::uint32_t>(added) : wire_length;
}

FragmentHeader ipv4_fragment(std::span<const std::byte> bytes, std::uint32_t wire_length) noexcept {
  FragmentHeader header;
  header.source = IpAddress::from_ipv4_bytes(bytes.subspan<12, 4>());
  header.destination = IpAddress::from_ipv4_bytes(bytes.subspan<16, 4>());
  header.protocol = Protocol{static_cast<std::uint8_t>(u8(bytes, 9))};
  header.identification = u16(bytes, 4);
  header.more = (u16(bytes, 6) & 0x2000U) != 0;
  header.header_size = header.data_offset = std::size_t{u8(bytes, 0) & 0x0fU} * 4;
  header.first = (u16(bytes, 6) & 0x1fffU) * 8;
  header.last =
      header.first + total(u16(bytes, 2), 0, wire_length) - static_cast<std::uint32_t>(header.data_offset);
  return header;
}

// Walks to the fragment header as parse_packet() did, which has found every header on the way in its place.
std::optional<FragmentHeader> ipv6_fragment(std::span<const std::byte> bytes,
                                            std::uint32_t wire_length) noexcept {
  std::size_t next_header_at = 6;
  std::size_t offset = ipv6_header_size;
  while (bytes.size() >= offset + fragment_header_size) {
    const Protocol protocol{static_cast<std::uint8_t>(u8(bytes, next_header_at))};
    const bool authentication = protocol == Protocol::authentication;
    std::size_t size = 8 + std::size_t{u8(bytes, offset + 1)} * (authentication ? 4 : 8);
    if (protocol == Protocol::fragment) {
      const std::uint32_t place = u16(bytes, offset + 2);
      size = fragment_header_size;
      if ((place & 0xfff9U) != 0) {
        FragmentHeader header;
        header.source = IpAddress::from_ipv6_bytes(bytes.subspan<8, 16>());
        header.destination = IpAddress::from_ipv6_bytes(bytes.subspan<24, 16>());
        header.protocol = Protocol{static_cast<std::uint8_t>(u8(bytes, offset))};
        header.identification = u16(bytes, offset + 4) << 16U | u16(bytes, offset + 6);
        header.more = (place & 1U) != 0;
        header.header_size = offset;
        header.data_offset = offset + size;
        header.next_header_at = next_header_at;
        header.first = place & 0xfff8U;
        header.last = header.first + total(u16(bytes, 4), ipv6_header_size, wire_length) -
                      static_cast<std::uint32_t>(header.data_offset);
        return header;
      }
    }
    next_header_at = offset;
    offset += size;
  }
  return std::nullopt;  // GCOVR_EXCL_LINE: parse_packet() has been here
}

}  // namespace

std::optional<FragmentHeader> read_fragment(std::span<const std::byte> bytes,
                                            std::uint32_t wire_length) noexcept {
  const auto packet = parse_packet(bytes, wire_length);
  if (packet || packet.error() != ParseError::fragment) return std::nullopt;
  // As there: a capture that says a packet is shorter than what it holds of it is wrong.
  const auto length = std::max(wire_length, static_cast<std::uint32_t>(bytes.size()));
  return u8(bytes, 0) >> 4U == 4 ? ipv4_fragment(bytes, length) : ipv6_fragment(bytes, length);
}

}  // namespace vpcwall

// One piece of a datagram, as its headers describe it: what somebody needs who puts datagrams together.
//
//   parse_packet(bytes, length) == ParseError::fragment   exactly when   read_fragment(bytes, length)
//
// A fragment header that says it is the whole datagram (RFC 6946) is none. Bounded as parse_packet() is;
// allocates nothing, throws nothing. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "net/address.h"
#include "net/protocol.h"

namespace vpcwall {

struct FragmentHeader {
  IpAddress source, destination;
  // IPv4: of the datagram, and part of its identity. IPv6: what the fragment header says comes next.
  Protocol protocol = Protocol::no_next_header;
  std::uint32_t identification = 0;
  // Bytes [first, last) of what was cut into pieces. An IPv6 header in front of the fragment header was not.
  std::uint32_t first = 0, last = 0;
  bool more = false;               // this is not the last piece
  std::size_t header_size = 0;     // bytes in front of the fragment header, or of the data if there is none
  std::size_t data_offset = 0;     // where the piece's data begins; may lie beyond the bytes given
  std::size_t next_header_at = 0;  // IPv6: the field that leads to the fragment header
};

// `bytes` and `wire_length` as for parse_packet().
[[nodiscard]] std::optional<FragmentHeader> read_fragment(std::span<const std::byte> bytes,
                                                          std::uint32_t wire_length) noexcept;

}  // namespace vpcwall

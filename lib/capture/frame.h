// One frame of a capture, and the IP packet in it.
//
//   const auto part = find_ip(LinkType::ethernet, frame.bytes);
//   if (part) parse_packet(frame.bytes.subspan(part->offset), frame.wire_length - part->offset);
//
// VLAN tags (802.1Q, 802.1ad, and the older numbers) are skipped, at most max_tags of them. Reads at most the
// link header and the tags, allocates nothing, throws nothing. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/expected.h"
#include "capture/link_type.h"
#include "net/address.h"

namespace vpcwall {

struct CapturedFrame {
  std::uint64_t number = 0;          // its place in the capture, from 1
  std::chrono::nanoseconds time{};   // since 1970, UTC; never negative
  std::uint32_t wire_length = 0;     // bytes that the frame had; never less than were captured
  std::span<const std::byte> bytes;  // those that were captured, from the link header on
};

inline constexpr unsigned max_tags = 8;

struct IpPart {
  std::size_t offset = 0;        // where the IP header begins; at most the size of the frame
  std::optional<Family> family;  // that the link header announces; none: the IP header itself must say
};

// Why there is no IP packet to be found.
struct NotIp {
  bool cut = false;            // the link header was not captured whole
  std::uint32_t protocol = 0;  // otherwise what it announces: an EtherType, or an address family
};

[[nodiscard]] Expected<IpPart, NotIp> find_ip(LinkType type, std::span<const std::byte> frame) noexcept;

}  // namespace vpcwall

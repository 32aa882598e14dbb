#include "capture/frame.h"

namespace vpcwall {
namespace {

constexpr std::uint32_t ether_type_ipv4 = 0x0800, ether_type_ipv6 = 0x86dd;

// Where a link header says what follows it, and where that begins.
struct LinkHeader {
  std::size_t type_at = 0;
  std::size_t size = 0;
};
constexpr LinkHeader ethernet_header{12, 14};
constexpr LinkHeader cooked_header{14, 16};
constexpr LinkHeader cooked_v2_header{0, 20};
constexpr std::size_t tag_size = 4;
constexpr std::size_t loopback_header_size = 4;

std::uint32_t u8(std::span<const std::byte> bytes, std::size_t at) noexcept {
  return std::to_integer<std::uint32_t>(bytes[at]);
}
std::uint32_t u16(std::span<const std::byte> bytes, std::size_t at) noexcept {
  return u8(bytes, at) << 8U | u8(bytes, at + 1);
}

bool is_tag(std::uint32_t ether_type) noexcept {
  return ether_type == 0x8100 || ether_type == 0x88a8 || ether_type == 0x9100 || ether_type == 0x9200;
}

Expected<IpPart, NotIp> behind(LinkHeader header, std::span<const std::byte> frame) noexcept {
  for (unsigned tags = 0; tags <= max_tags; ++tags) {
    if (frame.size() < header.size) return Unexpected{NotIp{true, 0}};
    const std::uint32_t ether_type = u16(frame, header.type_at);
    if (ether_type == ether_type_ipv4) return IpPart{header.size, Family::ipv4};
    if (ether_type == ether_type_ipv6) return IpPart{header.size, Family::ipv6};
    if (!is_tag(ether_type) || tags == max_tags) return Unexpected{NotIp{false, ether_type}};
    header = {header.size + 2, header.size + tag_size};
  }
  return Unexpected{NotIp{}};  // GCOVR_EXCL_LINE: the loop returns
}

// Every system has a number of its own for IPv6; that of IPv4 is 2 everywhere.
std::optional<Family> family_numbered(std::uint32_t number) noexcept {
  switch (number) {
    case 2: return Family::ipv4;
    case 10:                       // Linux
    case 24:                       // NetBSD, OpenBSD
    case 28:                       // FreeBSD
    case 30: return Family::ipv6;  // macOS
    default: return std::nullopt;
  }
}

Expected<IpPart, NotIp> behind_loopback(std::span<const std::byte> frame, bool either_order) noexcept {
  if (frame.size() < loopback_header_size) return Unexpected{NotIp{true, 0}};
  const std::uint32_t network_order = u16(frame, 0) << 16U | u16(frame, 2);
  if (const auto family = family_numbered(network_order)) return IpPart{loopback_header_size, family};
  const std::uint32_t reversed =
      u8(frame, 3) << 24U | u8(frame, 2) << 16U | u8(frame, 1) << 8U | u8(frame, 0);
  if (either_order)
    if (const auto family = family_numbered(reversed)) return IpPart{loopback_header_size, family};
  return Unexpected{NotIp{false, either_order && reversed < network_order ? reversed : network_order}};
}

}  // namespace

Expected<IpPart, NotIp> find_ip(LinkType type, std::span<const std::byte> frame) noexcept {
  switch (type) {
    case LinkType::ethernet: return behind(ethernet_header, frame);
    case LinkType::linux_cooked: return behind(cooked_header, frame);
    case LinkType::linux_cooked_v2: return behind(cooked_v2_header, frame);
    case LinkType::null: return behind_loopback(frame, true);
    case LinkType::loop: return behind_loopback(frame, false);
    case LinkType::raw: return IpPart{};
    case LinkType::ipv4: return IpPart{0, Family::ipv4};
    case LinkType::ipv6: return IpPart{0, Family::ipv6};
  }
  return Unexpected{NotIp{}};  // GCOVR_EXCL_LINE: every value has its case
}

}  // namespace vpcwall

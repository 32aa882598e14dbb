// Addresses, prefixes and port ranges as values.
//
// An address is 128 bits, most significant first; an IPv4 address fills the top 32 bits and leaves the rest
// zero. That makes "is this address inside that prefix" the same two masked comparisons for both families.
// The family is part of the value: an IPv4 and an IPv6 address are never equal, and a prefix never contains
// an address of the other family (facts S-39, N-8).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vpcwall {

enum class Family : std::uint8_t { ipv4, ipv6 };

[[nodiscard]] constexpr unsigned bit_length(Family family) noexcept {
  return family == Family::ipv4 ? 32U : 128U;
}

struct IpAddress {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  Family family = Family::ipv4;

  // Exactly 4 or 16 bytes in network order.
  [[nodiscard]] static IpAddress from_ipv4_bytes(std::span<const std::byte, 4> bytes) noexcept;
  [[nodiscard]] static IpAddress from_ipv6_bytes(std::span<const std::byte, 16> bytes) noexcept;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

[[nodiscard]] std::string to_string(const IpAddress& address);
// One end of a conversation: "10.0.0.5:443", "[2001:db8::5]:443"; without its port, the address alone.
[[nodiscard]] std::string end_text(const IpAddress& address, std::uint16_t port, bool with_port);
// Dotted quad or RFC 4291 text; no zone, no prefix length, no spaces, no zero byte.
[[nodiscard]] std::optional<IpAddress> parse_address(std::string_view text);

// The address `offset` places after `base`, wrapping as unsigned arithmetic does.
[[nodiscard]] IpAddress advance(const IpAddress& base, std::uint32_t offset) noexcept;

// The bits of an address that a prefix of some length looks at.
struct PrefixMask {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

[[nodiscard]] constexpr PrefixMask mask_of(unsigned length) noexcept {
  constexpr std::uint64_t ones = ~std::uint64_t{0};
  if (length == 0) return {0, 0};
  if (length <= 64) return {ones << (64U - length), 0};
  return {ones, length == 128 ? ones : ones << (128U - length)};
}

struct Prefix {
  IpAddress base;           // canonical: no bit set beyond `length` (S-38, N-13)
  std::uint8_t length = 0;  // bits, 0 to bit_length(family)

  [[nodiscard]] bool contains(const IpAddress& address) const noexcept {
    const PrefixMask mask = mask_of(length);
    return address.family == base.family && ((address.high ^ base.high) & mask.high) == 0 &&
           ((address.low ^ base.low) & mask.low) == 0;
  }
  [[nodiscard]] bool contains(const Prefix& other) const noexcept;
  // Literally 0.0.0.0/0 or ::/0, AWS's "open peer" (C-13).
  [[nodiscard]] bool is_open() const noexcept { return length == 0; }
  [[nodiscard]] bool is_host() const noexcept { return length == bit_length(base.family); }
  [[nodiscard]] IpAddress last() const noexcept;

  friend auto operator<=>(const Prefix&, const Prefix&) = default;
};

[[nodiscard]] Prefix host_prefix(const IpAddress& address) noexcept;
[[nodiscard]] Prefix make_prefix(const IpAddress& address, std::uint8_t length) noexcept;  // canonicalises
[[nodiscard]] std::string to_string(const Prefix& prefix);  // always with the length

// "A.B.C.D/N" or "x::y/N", canonicalised. `text` without a slash is not a prefix.
[[nodiscard]] std::optional<Prefix> parse_prefix(std::string_view text);

// Inclusive at both ends (S-62). All ports is 0-65535.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 65535;

  [[nodiscard]] bool contains(std::uint16_t port) const noexcept { return first <= port && port <= last; }
  [[nodiscard]] bool is_all() const noexcept { return first == 0 && last == 65535; }
  friend auto operator<=>(const PortRange&, const PortRange&) = default;
};

[[nodiscard]] std::string to_string(const PortRange& range);  // "443" or "1024-65535"

// Decimal digits without sign, spaces or leading zeros, up to 65535. Nothing else.
[[nodiscard]] std::optional<std::uint16_t> parse_port(std::string_view text) noexcept;
// A port, or two joined by a dash of which the first is not larger.
[[nodiscard]] std::optional<PortRange> parse_port_range(std::string_view text) noexcept;

}  // namespace vpcwall

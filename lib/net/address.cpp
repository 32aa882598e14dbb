#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstring>

namespace vpcwall {
namespace {

std::uint64_t big_endian(std::span<const std::byte> bytes) noexcept {
  std::uint64_t value = 0;
  for (const std::byte byte : bytes) value = (value << 8U) | std::to_integer<std::uint64_t>(byte);
  return value;
}

// A number that is all of `text`, written in the only way.
template <class Number>
std::optional<Number> parse_digits(std::string_view text) noexcept {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

IpAddress IpAddress::from_ipv4_bytes(std::span<const std::byte, 4> bytes) noexcept {
  return {big_endian(bytes) << 32U, 0, Family::ipv4};
}

IpAddress IpAddress::from_ipv6_bytes(std::span<const std::byte, 16> bytes) noexcept {
  return {big_endian(bytes.first<8>()), big_endian(bytes.last<8>()), Family::ipv6};
}

std::string to_string(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  std::array<unsigned char, 16> bytes{};
  for (unsigned i = 0; i < 8; ++i) {
    bytes.at(i) = static_cast<unsigned char>(address.high >> (56U - 8U * i));
    bytes.at(8 + i) = static_cast<unsigned char>(address.low >> (56U - 8U * i));
  }
  const int family = address.family == Family::ipv4 ? AF_INET : AF_INET6;
  inet_ntop(family, bytes.data(), text.data(), text.size());
  return text.data();
}

std::string end_text(const IpAddress& address, std::uint16_t port, bool with_port) {
  const std::string text = to_string(address);
  if (!with_port) return text;
  return (address.family == Family::ipv6 ? '[' + text + ']' : text) + ':' + std::to_string(port);
}

std::optional<IpAddress> parse_address(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN || text.empty()) return std::nullopt;
  // inet_pton wants a terminated string, and takes no notice of what stands behind the first zero byte.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string copy(text);
  std::array<std::byte, 16> bytes{};
  if (inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1)
    return IpAddress::from_ipv4_bytes(std::span(bytes).first<4>());
  if (inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) return IpAddress::from_ipv6_bytes(bytes);
  return std::nullopt;
}

IpAddress advance(const IpAddress& base, std::uint32_t offset) noexcept {
  IpAddress result = base;
  if (base.family == Family::ipv4) {
    result.high += std::uint64_t{offset} << 32U;
  } else {
    result.low += offset;
    if (result.low < base.low) ++result.high;
  }
  return result;
}

bool Prefix::contains(const Prefix& other) const noexcept {
  return other.length >= length && contains(other.base);
}

IpAddress Prefix::last() const noexcept {
  const PrefixMask mask = mask_of(length);
  IpAddress address = base;
  address.high |= ~mask.high;
  address.low |= ~mask.low;
  if (base.family == Family::ipv4) {
    address.high &= mask_of(32).high;
    address.low = 0;
  }
  return address;
}

Prefix make_prefix(const IpAddress& address, std::uint8_t length) noexcept {
  const PrefixMask mask = mask_of(length);
  return {{address.high & mask.high, address.low & mask.low, address.family}, length};
}

Prefix host_prefix(const IpAddress& address) noexcept {
  return {address, static_cast<std::uint8_t>(bit_length(address.family))};
}

std::string to_string(const Prefix& prefix) {
  return to_string(prefix.base) + '/' + std::to_string(unsigned{prefix.length});
}

std::optional<Prefix> parse_prefix(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_address(text.substr(0, slash));
  const auto length = parse_digits<std::uint8_t>(text.substr(slash + 1));
  if (!address || !length || *length > bit_length(address->family)) return std::nullopt;
  return make_prefix(*address, *length);
}

std::string to_string(const PortRange& range) {
  if (range.first == range.last) return std::to_string(range.first);
  return std::to_string(range.first) + '-' + std::to_string(range.last);
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  return parse_digits<std::uint16_t>(text);
}

std::optional<PortRange> parse_port_range(std::string_view text) noexcept {
  const auto dash = text.find('-');
  const auto first = parse_port(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return PortRange{*first, *last};
}

}  // namespace vpcwall

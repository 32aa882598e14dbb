// IANA protocol numbers and the names that AWS gives four of them (fact S-57, S-58).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vpcwall {

// Any value 0-255 is legal; the enumerators are only those the code speaks of.
enum class Protocol : std::uint8_t {
  hop_by_hop = 0,
  icmp = 1,
  igmp = 2,
  tcp = 6,
  udp = 17,
  routing = 43,
  fragment = 44,
  gre = 47,
  esp = 50,
  authentication = 51,
  icmpv6 = 58,
  no_next_header = 59,
  destination_options = 60,
  sctp = 132,
};

[[nodiscard]] constexpr bool has_ports(Protocol protocol) noexcept {
  return protocol == Protocol::tcp || protocol == Protocol::udp;
}
[[nodiscard]] constexpr bool is_icmp(Protocol protocol) noexcept {
  return protocol == Protocol::icmp || protocol == Protocol::icmpv6;
}

// "tcp", "udp", "icmp", "icmpv6", otherwise the decimal number.
[[nodiscard]] std::string to_string(Protocol protocol);

// The inverse: one of the four names, or a decimal number 0-255 without leading zeros. Nothing else.
[[nodiscard]] std::optional<Protocol> parse_protocol(std::string_view text);

}  // namespace vpcwall

// The address of a network card: six bytes, in the order in which they are sent. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vpcwall {

using MacAddress = std::array<std::uint8_t, 6>;

[[nodiscard]] std::string to_string(const MacAddress& address);  // "06:12:34:ab:cd:ef"

// The inverse: six times two hexadecimal digits, small or capital, with colons between them. Nothing else.
[[nodiscard]] std::optional<MacAddress> parse_mac_address(std::string_view text) noexcept;

}  // namespace vpcwall

#include "net/mac_address.h"

#include <charconv>

namespace vpcwall {

std::string to_string(const MacAddress& address) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : address) {
    if (!text.empty()) text += ':';
    text += {digits[byte >> 4U], digits[byte & 15U]};
  }
  return text;
}

std::optional<MacAddress> parse_mac_address(std::string_view text) noexcept {
  MacAddress address{};
  if (text.size() != 17) return std::nullopt;
  for (std::size_t i = 0; i < address.size(); ++i) {
    const char* digits = text.data() + 3 * i;
    if (i != 0 && digits[-1] != ':') return std::nullopt;
    const auto [end, error] = std::from_chars(digits, digits + 2, address[i], 16);
    if (error != std::errc{} || end != digits + 2) return std::nullopt;
  }
  return address;
}

}  // namespace vpcwall

#include "daemon/metrics/listen_address.h"

#include <charconv>

namespace vpcwall {

std::string to_string(const ListenAddress& address) {
  const std::string host = to_string(address.address);
  const bool bare = address.address.family == Family::ipv4;
  return (bare ? host : '[' + host + ']') + ':' + std::to_string(address.port);
}

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = parse_address(host);
  if (!address || bracketed != (address->family == Family::ipv6)) return std::nullopt;
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0 || digits.front() == '0')
    return std::nullopt;
  return ListenAddress{*address, port};
}

}  // namespace vpcwall

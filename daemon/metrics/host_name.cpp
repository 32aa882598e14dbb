#include "daemon/metrics/host_name.h"

#include <algorithm>

namespace vpcwall {
namespace {

constexpr std::size_t longest_name = 253;  // of DNS
constexpr std::string_view loopback_name = "localhost";

bool is_name_letter(char letter) noexcept {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' ||
         letter == '.' || letter == '_';
}

bool is_loopback(const IpAddress& address) noexcept {
  if (address.family == Family::ipv4) return address.high >> 56U == 127;
  return address.high == 0 && address.low == 1;
}

bool is_port(std::string_view text) noexcept {
  return text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char digit) { return digit >= '0' && digit <= '9'; });
}

}  // namespace

IpAddress unmapped(const IpAddress& address) noexcept {
  const bool mapped = address.family == Family::ipv6 && address.high == 0 && address.low >> 32U == 0xffffU;
  return mapped ? IpAddress{address.low << 32U, 0, Family::ipv4} : address;
}

std::optional<HostName> host_of(std::string_view text) {
  if (const auto address = parse_address(text)) {
    const IpAddress plain = unmapped(*address);
    return HostName{to_string(plain), plain};
  }
  std::string name(text);
  for (char& letter : name)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  if (name.ends_with('.')) name.pop_back();
  if (name.empty() || name.size() > longest_name || !std::all_of(name.begin(), name.end(), is_name_letter))
    return std::nullopt;
  return HostName{std::move(name), std::nullopt};
}

std::optional<HostName> host_of_header(std::string_view header) {
  if (header.starts_with('[')) {
    const auto end = header.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view rest = header.substr(end + 1);
    if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;
    auto host = host_of(header.substr(1, end - 1));
    return host && host->address ? host : std::nullopt;
  }
  const auto colon = header.find(':');
  if (colon == std::string_view::npos) return host_of(header);
  if (!is_port(header.substr(colon + 1))) return std::nullopt;
  return host_of(header.substr(0, colon));
}

bool is_this_host(const HostName& host, const std::optional<IpAddress>& arrived,
                  const std::vector<std::string>& known) {
  if (host.address && (is_loopback(*host.address) || host.address == arrived)) return true;
  if (host.text == loopback_name || host.text.ends_with("." + std::string(loopback_name))) return true;
  return std::find(known.begin(), known.end(), host.text) != known.end();
}

}  // namespace vpcwall

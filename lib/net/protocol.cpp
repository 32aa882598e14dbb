#include "net/protocol.h"

#include <charconv>

namespace vpcwall {

std::string to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::tcp: return "tcp";
    case Protocol::udp: return "udp";
    case Protocol::icmp: return "icmp";
    case Protocol::icmpv6: return "icmpv6";
    default: return std::to_string(static_cast<unsigned>(protocol));
  }
}

std::optional<Protocol> parse_protocol(std::string_view text) {
  if (text == "tcp") return Protocol::tcp;
  if (text == "udp") return Protocol::udp;
  if (text == "icmp") return Protocol::icmp;
  if (text == "icmpv6") return Protocol::icmpv6;
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint8_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return Protocol{number};
}

}  // namespace vpcwall

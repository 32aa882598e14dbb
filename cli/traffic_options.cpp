#include "cli/client_ports.h"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "reach/reach.h"

namespace vpcwall {
namespace {

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

}  // namespace

PortRange read_client_ports(const std::string& text) {
  constexpr std::array<std::pair<std::string_view, PortRange>, 4> known{{{"linux", linux_client_ports},
                                                                         {"windows", {49152, 65535}},
                                                                         {"nat", {1024, 65535}},
                                                                         {"elb", {1024, 65535}}}};
  for (const auto& [name, ports] : known)
    if (text == name) return ports;
  const auto dash = text.find('-');
  const auto first = read_port(std::string_view(text).substr(0, dash));
  const auto last = dash == std::string::npos ? first : read_port(std::string_view(text).substr(dash + 1));
  if (!first || !last || *first > *last)
    throw CLI::ValidationError("--client",
                               "found " + text + ", expected linux, windows, nat, elb or FIRST-LAST");
  return {*first, *last};
}

}  // namespace vpcwall

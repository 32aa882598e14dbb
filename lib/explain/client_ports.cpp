#include "explain/client_ports.h"

#include <array>

namespace vpcwall {
namespace {

struct KnownClient {
  std::string_view name;
  PortRange ports;
};
constexpr std::array known_clients{
    KnownClient{"linux", linux_client_ports}, KnownClient{"windows", {49152, 65535}},  // N-37
    KnownClient{"nat", {1024, 65535}},                                                 // N-38, N-43
    KnownClient{"elb", {1024, 65535}},                                                 // N-39, N-43
};
constexpr std::string_view custom = "custom:";

}  // namespace

ClientPorts linux_client() { return {std::string(known_clients.front().name), known_clients.front().ports}; }

Expected<ClientPorts, std::string> parse_client(std::string_view text) {
  for (const KnownClient& known : known_clients)
    if (known.name == text) return ClientPorts{std::string(text), known.ports};
  if (text.starts_with(custom))
    if (const auto range = parse_port_range(text.substr(custom.size())))
      return ClientPorts{std::string(text), *range};
  return Unexpected{"found client \"" + std::string(text.substr(0, 60)) +
                    "\", expected linux, windows, nat, elb or custom:LOW-HIGH with ports from 0 to 65535"};
}

ClientPorts client_of(std::uint16_t source_port) {
  for (const KnownClient& known : {known_clients[0], known_clients[2]})
    if (known.ports.contains(source_port)) return {std::string(known.name), known.ports};
  return {"custom:" + std::to_string(source_port), {source_port, source_port}};
}

}  // namespace vpcwall

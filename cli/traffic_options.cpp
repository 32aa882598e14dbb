#include "cli/traffic_options.h"

#include "explain/client_ports.h"

namespace vpcwall {

void TrafficOptions::add_to(CLI::App& verb) {
  verb.add_option("--from", from, "Only from this endpoint: its name or id, or an address");
  verb.add_option("--to", to, "Only to this endpoint");
  verb.add_option("--protocol", protocol, "Only this protocol: tcp, udp, icmp, icmpv6 or a number");
  verb.add_option("--client", client, "Client ports: linux, windows, nat, elb or FIRST-LAST")
      ->capture_default_str();
}

std::optional<Protocol> TrafficOptions::wanted_protocol() const {
  if (protocol.empty()) return std::nullopt;
  const auto found = parse_protocol(protocol);
  if (!found)
    throw CLI::ValidationError("--protocol",
                               "found " + protocol + ", expected tcp, udp, icmp, icmpv6 or 0-255");
  return found;
}

PortRange TrafficOptions::client_ports() const {
  if (const auto known = parse_client(client)) return known->ports;
  if (const auto range = parse_client("custom:" + client)) return range->ports;
  throw CLI::ValidationError("--client",
                             "found " + client + ", expected linux, windows, nat, elb or FIRST-LAST");
}

}  // namespace vpcwall

#include "support/policies.h"

#include <sstream>
#include <stdexcept>
#include <string>

#include "policy/policy_yaml.h"

namespace vpcwall::test {
namespace {

std::uint16_t split_port(std::string& endpoint) {
  const auto colon = endpoint.rfind(':');
  const int port = std::stoi(endpoint.substr(colon + 1));
  endpoint.erase(colon);
  if (endpoint.front() == '[') endpoint = endpoint.substr(1, endpoint.size() - 2);
  return static_cast<std::uint16_t>(port);
}

}  // namespace

Policy policy_of(std::string_view yaml) {
  LoadedPolicy loaded = load_policy(yaml, "test.yaml");
  if (loaded.policy) return *loaded.policy;
  std::string problems;
  for (const Diagnostic& diagnostic : loaded.diagnostics) problems += to_string(diagnostic) + '\n';
  throw std::invalid_argument(problems);
}

Policy small_vpc(std::string_view groups, std::string_view rest) {
  const std::string named(groups);
  const auto group_of = [&named](const std::string& name) {
    return named.find("name: " + name) != std::string::npos ? "[" + name + "]" : std::string("[default]");
  };
  std::string yaml = "version: 1\nvpc: {cidr: 10.0.0.0/16, ipv6_cidr: \"2001:db8:1:100::/56\"}\n";
  if (!groups.empty()) yaml += "security_groups:\n" + named + '\n';
  yaml += "subnets:\n";
  yaml += "  - {name: public, cidr: 10.0.1.0/24, ipv6_cidr: \"2001:db8:1:101::/64\"}\n";
  yaml += "  - {name: private, cidr: 10.0.2.0/24, ipv6_cidr: \"2001:db8:1:102::/64\"}\n";
  yaml += "interfaces:\n";
  yaml +=
      "  - {name: web, subnet: public, addresses: [10.0.1.10, \"2001:db8:1:101::10\"], security_groups: " +
      group_of("web") + "}\n";
  yaml +=
      "  - {name: app, subnet: public, addresses: [10.0.1.11], security_groups: " + group_of("app") + "}\n";
  yaml +=
      "  - {name: db, subnet: private, addresses: [10.0.2.10, \"2001:db8:1:102::10\"], security_groups: " +
      group_of("db") + "}\n";
  return policy_of(yaml + std::string(rest));
}

IpAddress ip(std::string_view text) {
  const auto address = parse_address(text);
  if (!address) throw std::invalid_argument(std::string(text));
  return *address;
}

Packet packet_of(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string protocol, source, arrow, destination;
  words >> protocol;
  Packet packet;
  packet.protocol = parse_protocol(protocol).value();
  packet.length = 60;
  if (packet.protocol == Protocol::tcp) {
    std::string letters;
    words >> letters;
    for (const char letter : letters) {
      packet.tcp_flags.syn |= letter == 'S';
      packet.tcp_flags.ack |= letter == 'A';
      packet.tcp_flags.fin |= letter == 'F';
      packet.tcp_flags.rst |= letter == 'R';
      packet.tcp_flags.psh |= letter == 'P';
    }
  } else if (is_icmp(packet.protocol)) {
    int type = 0, code = 0, identifier = 0;
    char slash = 0;
    words >> type >> slash >> code >> identifier;
    packet.icmp_type = static_cast<std::uint8_t>(type);
    packet.icmp_code = static_cast<std::uint8_t>(code);
    packet.icmp_identifier = static_cast<std::uint16_t>(identifier);
    packet.transport = Transport::whole;
  }
  words >> source >> arrow >> destination;
  if (has_ports(packet.protocol)) {
    packet.source_port = split_port(source);
    packet.destination_port = split_port(destination);
    packet.transport = Transport::whole;
  }
  packet.source = ip(source);
  packet.destination = ip(destination);
  return packet;
}

}  // namespace vpcwall::test

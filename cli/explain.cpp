// vpcwall explain: the journey of a request and of its reply, gate by gate, from a file or from the daemon.
#include <unistd.h>

#include <charconv>
#include <iostream>
#include <memory>
#include <optional>

#include "cli/control_client.h"
#include "cli/control_socket.h"
#include "cli/policy_file.h"
#include "cli/verbs.h"
#include "replay/explanation.h"
#include "replay/explanation_text.h"
#include "replay/simulation.h"

namespace vpcwall {
namespace {

struct ExplainOptions {
  std::string policy;
  std::string socket;
  std::string protocol = "tcp";
  std::string source, destination;
  unsigned type = 256;  // not given
  unsigned code = 0;
  bool json = false;
};

constexpr std::uint16_t ephemeral_port =
    40000;  // inside every client's range but old Windows' (N-35 to N-40)

struct Endpoint {
  std::string host;
  std::optional<std::uint16_t> port;
};

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// A, A:port, [v6]:port or a bare IPv6 address.
Endpoint read_endpoint(const std::string& text) {
  if (parse_address(text)) return {text, std::nullopt};
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return {text, std::nullopt};
  const auto port = read_port(std::string_view(text).substr(colon + 1));
  if (!port)
    throw CLI::ValidationError(text, "expected ADDRESS, NAME, ADDRESS:PORT, NAME:PORT or [IPV6]:PORT");
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return {host, port};
}

// An interface's name stands for its first address of the family that the other end speaks.
IpAddress resolve(const std::string& host, const Policy* policy, std::optional<Family> family) {
  if (const auto address = parse_address(host)) return *address;
  if (policy == nullptr)
    throw CLI::ValidationError(host, "is no IP address; names of interfaces need --policy");
  for (const Interface& interface : policy->interfaces) {
    if (interface.name != host && interface.id != host) continue;
    for (const Prefix& address : interface.addresses)
      if (!family || address.base.family == *family) return address.base;
    throw CLI::ValidationError(host, "has no address of the other end's family");
  }
  throw CLI::ValidationError(host, "is neither an IP address nor an interface of the policy");
}

Packet make_request(const ExplainOptions& options, const Policy* policy) {
  const auto protocol = parse_protocol(options.protocol);
  if (!protocol)
    throw CLI::ValidationError("--protocol",
                               "found " + options.protocol + ", expected tcp, udp, icmp, icmpv6 or 0-255");
  const Endpoint source = read_endpoint(options.source);
  const Endpoint destination = read_endpoint(options.destination);
  const auto destination_address = parse_address(destination.host);

  Packet packet;
  packet.source = resolve(source.host, policy,
                          destination_address ? std::optional(destination_address->family) : std::nullopt);
  packet.destination = resolve(destination.host, policy, packet.source.family);
  if (packet.source.family != packet.destination.family)
    throw CLI::ValidationError("--destination", "is of another address family than --source");
  packet.protocol = *protocol;
  packet.length = 60;
  if (has_ports(*protocol)) {
    if (!destination.port)
      throw CLI::ValidationError("--destination", "needs a port: " + options.destination + ":PORT");
    packet.transport = Transport::whole;
    packet.source_port = source.port.value_or(ephemeral_port);
    packet.destination_port = *destination.port;
    packet.tcp_flags.syn = *protocol == Protocol::tcp;
  } else if (is_icmp(*protocol)) {
    packet.transport = Transport::whole;
    const unsigned echo_request = *protocol == Protocol::icmp ? 8 : 128;
    packet.icmp_type = static_cast<std::uint8_t>(options.type < 256 ? options.type : echo_request);
    packet.icmp_code = static_cast<std::uint8_t>(options.code);
    packet.icmp_identifier = 1;
  }
  return packet;
}

nlohmann::ordered_json packet_json(const Packet& packet) {
  nlohmann::ordered_json json{{"protocol", static_cast<unsigned>(packet.protocol)},
                              {"source", to_string(packet.source)},
                              {"destination", to_string(packet.destination)}};
  if (has_ports(packet.protocol)) {
    json["source_port"] = packet.source_port;
    json["destination_port"] = packet.destination_port;
    if (packet.protocol == Protocol::tcp) json["flags"] = "S";
  } else if (is_icmp(packet.protocol)) {
    json["type"] = packet.icmp_type;
    json["code"] = packet.icmp_code;
    json["id"] = packet.icmp_identifier;
  }
  return json;
}

int explain_verb(const ExplainOptions& options) {
  nlohmann::ordered_json story;
  if (!options.policy.empty()) {
    const PolicyFile file = read_policy_file(options.policy);
    print_diagnostics(file.diagnostics, false);
    if (!file.policy) return exit_status::bad_input;
    const Packet request = make_request(options, &*file.policy);
    const Simulation simulation(*file.policy);
    const auto explanation =
        vpcwall::explain(simulation.policy(), {}, request, simulation.journey(request), TimePoint{});
    story = to_json(explanation, simulation.policy(), simulation.slots());
  } else {
    const Packet request = make_request(options, nullptr);
    const ControlClient client(options.socket);
    story = client.request({{"verb", "explain"}, {"packet", packet_json(request)}});
  }
  if (options.json)
    std::cout << story.dump(2) << '\n';
  else
    std::cout << explanation_text(story, ::isatty(STDOUT_FILENO) == 1);
  return story.at("verdict") == "pass" ? exit_status::ok : exit_status::negative;
}

}  // namespace

void add_explain_verb(CLI::App& app, int& exit_status) {
  auto* verb = app.add_subcommand("explain", "Say what happens to a request and to its reply, gate by gate");
  const auto options = std::make_shared<ExplainOptions>();
  verb->add_option("--policy", options->policy, "Policy file; without it the running daemon is asked");
  add_socket_options(*verb, options->socket);
  verb->add_option("--protocol", options->protocol, "tcp, udp, icmp, icmpv6 or a number")
      ->capture_default_str();
  verb->add_option("--source", options->source, "Address or interface name, with :port if wanted")
      ->required();
  verb->add_option("--destination", options->destination, "Address or interface name, with :port")
      ->required();
  verb->add_option("--type", options->type, "ICMP type; echo request unless given")
      ->check(CLI::Range(0, 255));
  verb->add_option("--code", options->code, "ICMP code")->check(CLI::Range(0, 255));
  verb->add_flag("--json", options->json, "Print JSON");
  verb->callback([options, &exit_status] { exit_status = explain_verb(*options); });
}

}  // namespace vpcwall

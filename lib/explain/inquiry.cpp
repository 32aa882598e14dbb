#include "explain/inquiry.h"

#include "policy/nearest_word.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

constexpr std::uint16_t usual_port = 40000;  // inside every client's range but old Windows' (N-35 to N-40)
constexpr std::uint32_t usual_length = 60;
constexpr std::size_t longest_word = 300;

Unexpected<std::string> mistake(std::string text) { return Unexpected{std::move(text)}; }

std::string quote(const std::string& text) { return '"' + text.substr(0, 60) + '"'; }

// Reads one field of an Ask into `target`; the first mistake stays.
class AskReader {
 public:
  explicit AskReader(const nlohmann::json& json) : json_(json) {}

  void text(const char* key, std::string& target) {
    const auto found = json_.find(key);
    if (found == json_.end()) return;
    if (found->is_string() && found->get_ref<const std::string&>().size() <= longest_word)
      target = found->get<std::string>();
    else
      refuse(key, "a word of at most 300 bytes");
  }
  template <class Number>
  void number(const char* key, std::optional<Number>& target) {
    const auto found = json_.find(key);
    if (found == json_.end()) return;
    constexpr std::uint64_t most = std::numeric_limits<Number>::max();
    if (found->is_number_unsigned() && found->get<std::uint64_t>() <= most)
      target = found->get<Number>();
    else
      refuse(key, "a number from 0 to " + std::to_string(most));
  }
  void refuse(const char* key, const std::string& expected) {
    if (problem_.empty())
      problem_ = "found " + json_.at(key).dump().substr(0, 60) + " for \"" + key + "\", expected " + expected;
  }
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

 private:
  const nlohmann::json& json_;
  std::string problem_;
};

const Interface* interface_named(const Policy& policy, const std::string& name) {
  for (const Interface& interface : policy.interfaces)
    if (interface.name == name || interface.id == name) return &interface;
  return nullptr;
}

std::string no_interface_named(const Policy& policy, const char* key, const std::string& name,
                               const char* expected) {
  NearestWord nearest(name);
  for (const Interface& interface : policy.interfaces) nearest.offer(interface.name);
  std::string text = "found " + quote(name) + " for the " + key + ", expected " + expected;
  if (nearest.best()) text += "; did you mean " + quote(*nearest.best()) + '?';
  return text;
}

// An interface's name stands for its first address of the wanted family.
Expected<IpAddress, std::string> address_of(const Policy& policy, const char* key, const std::string& text,
                                            std::optional<Family> family) {
  if (const auto address = parse_address(text)) return *address;
  const Interface* interface = interface_named(policy, text);
  if (interface == nullptr)
    return mistake(no_interface_named(policy, key, text, "an IP address or an interface of the policy"));
  for (const Prefix& address : interface->addresses)
    if (!family || address.base.family == *family) return address.base;
  return mistake("found " + quote(text) + " for the " + key + ", which has no " +
                 (family == Family::ipv6 ? "IPv6" : "IPv4") + " address as the other end has");
}

// The family that both ends speak: that of the end that is written as an address.
std::optional<Family> wanted_family(const Ask& ask) {
  for (const std::string& end : {ask.source, ask.destination})
    if (const auto address = parse_address(end)) return address->family;
  if (ask.protocol == "icmpv6") return Family::ipv6;
  return std::nullopt;
}

Expected<InterfaceIndex, std::string> side(const Policy& policy, const char* key, const std::string& name) {
  if (name.empty()) return no_interface;
  const Interface* interface = interface_named(policy, name);
  if (interface == nullptr)
    return mistake(no_interface_named(policy, key, name, "an interface of the policy"));
  return static_cast<InterfaceIndex>(interface - policy.interfaces.data());
}

void add_icmp(Packet& packet, const Ask& ask) {
  const std::uint8_t echo_request = packet.protocol == Protocol::icmp ? 8 : 128;
  packet.transport = Transport::whole;
  packet.icmp_type = ask.type.value_or(echo_request);
  packet.icmp_code = ask.code.value_or(0);
  packet.icmp_identifier = 1;
}

// Ports and the client's range; the error says what does not go together.
std::string add_ports(Inquiry& inquiry, const Ask& ask) {
  if (!ask.destination_port)
    return "the destination needs a port: " + ask.destination.substr(0, 60) + ":PORT";
  Packet& packet = inquiry.request;
  packet.transport = Transport::whole;
  packet.tcp_flags.syn = packet.protocol == Protocol::tcp;
  packet.destination_port = *ask.destination_port;
  if (!ask.client.empty()) {
    auto client = parse_client(ask.client);
    if (!client) return client.error();
    inquiry.client = *client;
  } else {
    inquiry.client = ask.source_port ? client_of(*ask.source_port) : linux_client();
  }
  const PortRange range = inquiry.client.ports;
  if (ask.source_port && !range.contains(*ask.source_port))
    return "found source port " + std::to_string(*ask.source_port) + ", which is outside of " +
           to_string(range) + ", the ports of client " + inquiry.client.client +
           "; name the client that has it, or leave one of the two out";
  inquiry.exact_port = ask.source_port.has_value();
  packet.source_port = ask.source_port.value_or(range.contains(usual_port) ? usual_port : range.first);
  inquiry.source_ports = inquiry.exact_port ? PortRange{packet.source_port, packet.source_port} : range;
  return {};
}

}  // namespace

ordered_json to_json(const Ask& ask) {
  ordered_json json{{"protocol", ask.protocol}, {"source", ask.source}, {"destination", ask.destination}};
  if (ask.source_port) json["source_port"] = *ask.source_port;
  if (ask.destination_port) json["destination_port"] = *ask.destination_port;
  if (ask.type) json["type"] = *ask.type;
  if (ask.code) json["code"] = *ask.code;
  for (const auto& [key, value] :
       {std::pair("client", &ask.client), std::pair("leaves", &ask.leaves), std::pair("enters", &ask.enters)})
    if (!value->empty()) json[key] = *value;
  if (ask.expect_blocked) json["expect"] = "blocked";
  return json;
}

Expected<Ask, std::string> read_ask(const nlohmann::json& json) {
  if (!json.is_object()) return mistake("what is asked is not an object");
  Ask ask;
  std::string expect = "pass";
  AskReader reader(json);
  reader.text("protocol", ask.protocol);
  reader.text("source", ask.source);
  reader.text("destination", ask.destination);
  reader.number("source_port", ask.source_port);
  reader.number("destination_port", ask.destination_port);
  reader.number("type", ask.type);
  reader.number("code", ask.code);
  reader.text("client", ask.client);
  reader.text("leaves", ask.leaves);
  reader.text("enters", ask.enters);
  reader.text("expect", expect);
  if (reader.problem().empty() && expect != "pass" && expect != "blocked")
    reader.refuse("expect", "pass or blocked");
  if (!reader.problem().empty()) return mistake(reader.problem());
  ask.expect_blocked = expect == "blocked";
  return ask;
}

Journey Inquiry::journey(const CompiledPolicy& policy) const noexcept {
  Journey journey = find_journey(policy, request, {});
  if (leaves != no_interface) {
    journey.leaves = leaves;
    journey.leaves_unlisted = false;
  }
  if (enters != no_interface) {
    journey.enters = enters;
    journey.enters_unlisted = false;
  }
  return journey;
}

Expected<Inquiry, std::string> resolve(const Ask& ask, const Policy& policy) {
  const auto protocol = parse_protocol(ask.protocol);
  if (!protocol)
    return mistake("found protocol " + quote(ask.protocol) + ", expected tcp, udp, icmp, icmpv6 or 0-255");
  const auto source = address_of(policy, "source", ask.source, wanted_family(ask));
  if (!source) return mistake(source.error());
  const auto destination = address_of(policy, "destination", ask.destination, source->family);
  if (!destination) return mistake(destination.error());
  if (source->family != destination->family)
    return mistake("found " + to_string(*source) + " and " + to_string(*destination) +
                   ", expected source and destination of one address family");
  Inquiry inquiry;
  inquiry.expect_blocked = ask.expect_blocked;
  inquiry.request.source = *source;
  inquiry.request.destination = *destination;
  inquiry.request.protocol = *protocol;
  inquiry.request.length = usual_length;
  if (is_icmp(*protocol)) add_icmp(inquiry.request, ask);
  if (has_ports(*protocol))
    if (const std::string problem = add_ports(inquiry, ask); !problem.empty()) return mistake(problem);
  for (const auto& [key, name, target] :
       {std::tuple("interface that it leaves", &ask.leaves, &inquiry.leaves),
        std::tuple("interface that it enters", &ask.enters, &inquiry.enters)}) {
    const auto found = side(policy, key, *name);
    if (!found) return mistake(found.error());
    *target = *found;
  }
  return inquiry;
}

Inquiry inquiry_about(const Packet& request) {
  Inquiry inquiry;
  inquiry.request = request;
  inquiry.source_ports = {request.source_port, request.source_port};
  inquiry.client = client_of(request.source_port);
  return inquiry;
}

}  // namespace vpcwall

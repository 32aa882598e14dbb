#include "policy/traffic_reader.h"

#include <array>

namespace vpcwall {
namespace {

constexpr std::string_view bad_value = "InvalidParameterValue";
// The inner nothing is "all".
using ProtocolChoice = std::optional<Protocol>;
using IcmpField = std::optional<std::uint8_t>;

bool means_all(const YamlNode& node) {
  return node.kind == YamlNode::Kind::scalar && (node.text == "all" || node.text == "-1");
}

std::optional<ProtocolChoice> read_protocol(const YamlNode& node, Reporter& reporter) {
  constexpr std::array<std::string_view, 5> names{"tcp", "udp", "icmp", "icmpv6", "all"};
  if (means_all(node)) return ProtocolChoice{};
  std::string hint;
  if (node.kind == YamlNode::Kind::scalar) {
    if (const auto protocol = parse_protocol(node.text)) return ProtocolChoice{protocol};
    hint = reporter.did_you_mean(node.text, names);
    if (node.text == "any" || node.text == "*" || node.text == "ANY") hint = "write all";
    if (node.text == "icmp6" || node.text == "ipv6-icmp") hint = "write icmpv6";
  }
  reporter.error(node.at,
                 "found " + describe(node) +
                     ", expected a protocol: tcp, udp, icmp, icmpv6, all or a number from 0 to 255",
                 hint, bad_value);
  return std::nullopt;
}

std::string ports_hint(const YamlNode& node) {
  constexpr std::string_view one_each = "one range per rule; write a rule for each";
  if (node.kind == YamlNode::Kind::sequence) return std::string(one_each);
  if (node.kind != YamlNode::Kind::scalar) return {};
  if (means_all(node) || node.text == "any" || node.text == "*") return "write all";
  if (node.text.find(',') != std::string::npos) return std::string(one_each);
  if (node.text.find(' ') != std::string::npos) return "write it without spaces, like 1024-65535";
  const auto dash = node.text.find('-', 1);
  std::string hint = number_hint(node.text.substr(0, dash));
  if (dash == std::string::npos) return hint;
  const std::string end = node.text.substr(dash + 1);
  if (hint.empty()) hint = number_hint(end);
  const std::string turned = end + '-' + node.text.substr(0, dash);
  if (parse_port_range(turned)) hint = "a range begins with its smaller port: " + turned;
  return hint;
}

std::optional<PortRange> read_ports(const YamlNode& node, Reporter& reporter) {
  if (node.kind == YamlNode::Kind::scalar) {
    if (node.text == "all") return PortRange{};
    if (const auto ports = parse_port_range(node.text)) return ports;
  }
  reporter.error(node.at,
                 "found " + describe(node) +
                     ", expected ports: a number from 0 to 65535, a range like 1024-65535, or all",
                 ports_hint(node), bad_value);
  return std::nullopt;
}

// The inner nothing is "every".
std::optional<IcmpField> read_icmp_field(const YamlNode& node, std::string_view what, Reporter& reporter) {
  if (means_all(node)) return std::optional<IcmpField>(std::in_place);
  const auto number = node.kind == YamlNode::Kind::scalar ? parse_number(node.text) : std::nullopt;
  if (number && *number <= 255) return IcmpField{static_cast<std::uint8_t>(*number)};
  reporter.error(
      node.at,
      "found " + describe(node) + ", expected " + std::string(what) + ": a number from 0 to 255, or all", {},
      bad_value);
  return std::nullopt;
}

// Reading one rule; the parts are read even when another part is wrong, so that all is reported.
class TrafficReader {
 public:
  TrafficReader(const MappingReader& rule, TrafficOwner kind, std::optional<Family> family)
      : rule_(rule), reporter_(rule.reporter()), kind_(kind), family_(family) {}

  std::optional<Traffic> read() {
    const YamlNode* node = rule_.require("protocol", bad_value);
    const auto protocol = node != nullptr ? read_protocol(*node, reporter_) : std::nullopt;
    good_ = protocol.has_value();
    const YamlNode* ports = rule_.find("ports");
    const YamlNode* type = rule_.find("type");
    const YamlNode* code = rule_.find("code");
    if (ports != nullptr) take(read_ports(*ports, reporter_), traffic_.ports);
    if (type != nullptr) take(read_icmp_field(*type, "an ICMP type", reporter_), traffic_.icmp_type);
    if (code != nullptr) take(read_icmp_field(*code, "an ICMP code", reporter_), traffic_.icmp_code);
    if (!protocol) return std::nullopt;
    traffic_.protocol = *protocol;
    if (*protocol && has_ports(**protocol)) {
      check_ports(ports, type, code);
    } else if (*protocol && is_icmp(**protocol)) {
      check_icmp(ports, type, code);
    } else {
      for (const std::string_view key : {"ports", "type", "code"})
        ignore(key, "every packet of the protocol matches");
      traffic_ = {*protocol, {}, {}, {}};
    }
    return good_ ? std::optional(traffic_) : std::nullopt;
  }

 private:
  template <class T>
  void take(const std::optional<T>& value, T& into) {
    if (value) into = *value;
    good_ = good_ && value.has_value();
  }

  // A rule whose parts contradict each other has an error code of its own in AWS, an entry has not.
  void refuse(SourcePosition at, const std::string& message, const std::string& hint = {}) {
    const bool rule = kind_ == TrafficOwner::security_group_rule;
    reporter_.error(at, message, hint, rule ? "InvalidPermission.Malformed" : bad_value);
    good_ = false;
  }

  void ignore(std::string_view key, std::string_view why) {
    if (rule_.find(key) == nullptr) return;
    const std::string name = traffic_.protocol ? to_string(*traffic_.protocol) : "all";
    reporter_.warning(
        rule_.key_position(key),
        "found " + quoted(key) + " with protocol " + name + ", where it is ignored: " + std::string(why),
        "remove it");
  }

  void check_ports(const YamlNode* ports, const YamlNode* type, const YamlNode* code) {
    const std::string name = to_string(*traffic_.protocol);
    if (ports == nullptr) {
      reporter_.error(rule_.at(), "found protocol " + name + " without ports, expected ports",
                      "write ports: all for every port", bad_value);
      good_ = false;
    }
    if (type != nullptr)
      refuse(rule_.key_position("type"), "found a type with protocol " + name + ", which has ports");
    if (code != nullptr)
      refuse(rule_.key_position("code"), "found a code with protocol " + name + ", which has ports");
  }

  void check_icmp(const YamlNode* ports, const YamlNode* type, const YamlNode* code) {
    const std::string name = to_string(*traffic_.protocol);
    const bool entry = kind_ == TrafficOwner::network_acl_entry;
    const bool v6 = *traffic_.protocol == Protocol::icmpv6;
    if (ports != nullptr)
      refuse(rule_.key_position("ports"), "found ports with protocol " + name + ", which has type and code");
    if (entry && v6 && family_ == Family::ipv4) {
      for (const std::string_view key : {"type", "code"}) ignore(key, "the range is IPv4");
      traffic_.icmp_type = traffic_.icmp_code = std::nullopt;
      return;
    }
    const bool family_unknown = entry && v6 && !family_;  // its CIDR is wrong, which has been reported
    if (type == nullptr && code != nullptr) {
      refuse(rule_.key_position("code"), "found a code without a type, expected both",
             "name the type that the code belongs to");
    } else if (type == nullptr && !(v6 && !entry) && !family_unknown) {
      refuse(rule_.at(), "found protocol " + name + " without a type, expected one",
             "write type: all for every type");
    } else if (type != nullptr && means_all(*type) && traffic_.icmp_code) {
      refuse(code->at, "found the code " + quoted(code->text) + " with every type, expected one type with it",
             "remove the code or name the type");
    }
  }

  const MappingReader& rule_;
  Reporter& reporter_;
  TrafficOwner kind_;
  std::optional<Family> family_;
  Traffic traffic_;
  bool good_ = true;
};

}  // namespace

std::optional<Traffic> read_traffic(const MappingReader& rule, TrafficOwner kind,
                                    std::optional<Family> family) {
  return TrafficReader(rule, kind, family).read();
}

}  // namespace vpcwall

#include "policy/rule_reader.h"

#include <utility>

#include "policy/identity.h"
#include "policy/traffic_reader.h"

namespace vpcwall {
namespace {

class PeerReader {
 public:
  PeerReader(const NameDirectory& directory, Reporter& reporter)
      : directory_(directory), reporter_(reporter) {}

  std::optional<Peer> read(const YamlNode& node) {
    if (node.kind == YamlNode::Kind::mapping) return read_named(node);
    if (node.kind == YamlNode::Kind::scalar) {
      if (node.text.starts_with("sg-")) return read_group_id(node);
      if (node.text.starts_with("pl-")) {
        const auto id = directory_.resolve(ObjectKind::prefix_list, node);
        return id ? std::optional<Peer>(PrefixListReference{*id}) : std::nullopt;
      }
      if (!parse_prefix(node.text) && !parse_address(node.text)) return refuse(node);
      const auto prefix = read_cidr(node, "a peer", reporter_);
      return prefix ? std::optional<Peer>(*prefix) : std::nullopt;
    }
    return refuse(node);
  }

 private:
  std::optional<Peer> read_named(const YamlNode& node) {
    const MappingReader peer(node, "a peer", {"group", "prefix_list"}, reporter_);
    const YamlNode* group = peer.find("group");
    const YamlNode* list = peer.find("prefix_list");
    if ((group == nullptr) == (list == nullptr)) {
      if (group != nullptr) {
        reporter_.error(node.at, "found a group and a prefix list in one peer, expected exactly one",
                        "write a rule for each", "InvalidParameterCombination");
      } else if (node.children.empty()) {
        reporter_.error(node.at, "found an empty peer, expected {group: NAME} or {prefix_list: NAME}", {},
                        "MissingParameter");
      }
      return std::nullopt;
    }
    if (group != nullptr) {
      if (group->kind == YamlNode::Kind::scalar && group->text.starts_with("sg-"))
        return read_group_id(*group);
      const auto id = directory_.resolve_name(ObjectKind::security_group, *group);
      return id ? std::optional<Peer>(GroupReference{*id}) : std::nullopt;
    }
    const auto id = directory_.resolve(ObjectKind::prefix_list, *list);
    return id ? std::optional<Peer>(PrefixListReference{*id}) : std::nullopt;
  }

  std::optional<Peer> read_group_id(const YamlNode& node) {
    if (!is_well_formed_id("sg", node.text)) {
      reporter_.error(node.at,
                      "found " + quoted(node.text) + ", expected a group id: sg- and hexadecimal digits",
                      "write {group: NAME} to name a group", "InvalidGroupId.Malformed");
      return std::nullopt;
    }
    if (!directory_.has_id(ObjectKind::security_group, node.text))
      reporter_.warning(node.at,
                        "found " + quoted(node.text) +
                            ", which no group of this file has: the rule is stale and matches nothing",
                        "remove the rule, or define the group");
    return GroupReference{node.text};
  }

  std::optional<Peer> refuse(const YamlNode& node) {
    std::string hint;
    if (node.kind == YamlNode::Kind::scalar) {
      if (directory_.has_name(ObjectKind::security_group, node.text)) {
        hint = "write {group: " + node.text + "} to name a group";
      } else if (directory_.has_name(ObjectKind::prefix_list, node.text)) {
        hint = "write {prefix_list: " + node.text + "} to name a prefix list";
      } else if (node.text == "any" || node.text == "all" || node.text == "*" || node.text == "anywhere") {
        hint = "write 0.0.0.0/0 or ::/0";
      }
    }
    reporter_.error(
        node.at,
        "found " + describe(node) +
            ", expected a peer: a CIDR block, an id sg-… or pl-…, {group: NAME} or {prefix_list: NAME}",
        hint, "InvalidParameterValue");
    return std::nullopt;
  }

  const NameDirectory& directory_;
  Reporter& reporter_;
};

std::optional<Family> family_of(const std::optional<Peer>& peer) {
  const Prefix* prefix = peer ? std::get_if<Prefix>(&*peer) : nullptr;
  return prefix != nullptr ? std::optional(prefix->base.family) : std::nullopt;
}

// S-66: such a rule is kept, and can never match.
void warn_of_family(const Traffic& traffic, std::optional<Family> family, SourcePosition at,
                    Reporter& reporter) {
  if (!traffic.protocol || !family) return;
  if (*traffic.protocol == Protocol::icmp && *family == Family::ipv6)
    reporter.warning(at, "found protocol icmp with an IPv6 range, which matches nothing", "write icmpv6");
  if (*traffic.protocol == Protocol::icmpv6 && *family == Family::ipv4)
    reporter.warning(at, "found protocol icmpv6 with an IPv4 range, which matches nothing", "write icmp");
}

const YamlNode* require_peer(const MappingReader& rule, const YamlNode& node, Direction direction,
                             Reporter& reporter) {
  const bool ingress = direction == Direction::ingress;
  const std::string_view right = ingress ? "source" : "destination";
  const std::string_view wrong = ingress ? "destination" : "source";
  if (const YamlNode* misplaced = rule.find(wrong)) {
    (void)misplaced;
    reporter.error(rule.key_position(wrong),
                   "found the key " + quoted(wrong) + " in an " + std::string(to_string(direction)) +
                       " rule, expected " + quoted(right),
                   "an " + std::string(to_string(direction)) + " rule names the " + std::string(right) +
                       " of its traffic");
    if (rule.find(right) == nullptr) return nullptr;
  }
  if (node.kind != YamlNode::Kind::mapping) return nullptr;
  return rule.require(right, "MissingParameter");
}

}  // namespace

std::optional<SecurityGroupRule> read_rule(const YamlNode& node, const std::string& group_id,
                                           Direction direction, const NameDirectory& directory,
                                           Reporter& reporter) {
  const bool ingress = direction == Direction::ingress;
  // The other direction's word is known here, so that its use is explained instead of called unknown.
  const MappingReader rule(
      node, ingress ? "an ingress rule" : "an egress rule",
      {"id", "protocol", "ports", "type", "code", "source", "destination", "description"}, reporter);
  if (!rule.is_mapping()) return std::nullopt;
  SecurityGroupRule result;
  result.at = node.at;
  bool good = true;
  const YamlNode* peer_node = require_peer(rule, node, direction, reporter);
  const auto peer = peer_node != nullptr ? PeerReader(directory, reporter).read(*peer_node) : std::nullopt;
  const auto traffic = read_traffic(rule, TrafficOwner::security_group_rule, family_of(peer));
  if (const YamlNode* text = rule.find("description")) {
    const auto description = read_text(*text, "a description", reporter);
    good = good && description;
    if (description) result.description = *description;
  }
  if (const YamlNode* id = rule.find("id")) {
    const auto text = read_text(*id, "the id of a rule", reporter);
    if (text && !is_well_formed_id("sgr", *text))
      reporter.error(id->at, "found " + quoted(*text) + ", expected an id: sgr- and hexadecimal digits",
                     "remove it and an id is derived from the rule", "InvalidSecurityGroupRuleId.Malformed");
    good = good && text;
    if (text) result.id = *text;
  }
  if (!good || !peer || !traffic) return std::nullopt;
  warn_of_family(*traffic, family_of(peer), rule.key_position("protocol"), reporter);
  result.traffic = *traffic;
  result.peer = *peer;
  if (result.id.empty()) result.id = derive_rule_id(group_id, direction, *traffic, *peer);
  return result;
}

std::optional<NetworkAclEntry> read_entry(const YamlNode& node, Direction direction, Reporter& reporter) {
  const MappingReader entry(node, direction == Direction::ingress ? "an ingress entry" : "an egress entry",
                            {"rule", "action", "protocol", "ports", "type", "code", "cidr"}, reporter);
  if (!entry.is_mapping()) return std::nullopt;
  NetworkAclEntry result;
  result.at = node.at;
  const YamlNode* number_node = entry.require("rule", "MissingParameter");
  const YamlNode* action_node = entry.require("action", "MissingParameter");
  const YamlNode* cidr_node = entry.require("cidr", "MissingParameter");
  const auto number = number_node != nullptr ? read_number(*number_node, "a rule number", 1, 32766, reporter,
                                                           "InvalidParameterValue")
                                             : std::nullopt;
  const auto action = action_node != nullptr ? read_word(*action_node, "an action", {"allow", "deny"},
                                                         reporter, "InvalidParameterValue")
                                             : std::nullopt;
  std::optional<Prefix> cidr;
  const bool reference =
      cidr_node != nullptr && (cidr_node->kind == YamlNode::Kind::mapping ||
                               cidr_node->text.starts_with("sg-") || cidr_node->text.starts_with("pl-"));
  if (reference) {
    reporter.error(cidr_node->at,
                   "found " + describe(*cidr_node) +
                       ", expected a CIDR block: network ACLs know no groups and no prefix lists",
                   {}, "InvalidParameterValue");
  } else if (cidr_node != nullptr) {
    cidr = read_cidr(*cidr_node, "the range of an entry", reporter);
  }
  const auto traffic = read_traffic(entry, TrafficOwner::network_acl_entry,
                                    cidr ? std::optional(cidr->base.family) : std::nullopt);
  if (!number || !action || !cidr || !traffic) return std::nullopt;
  // N-15, N-18: it is matched by its number, and such a packet has no type that could be read.
  if (traffic->protocol == Protocol::icmp && cidr->base.family == Family::ipv6)
    reporter.warning(entry.key_position("protocol"),
                     traffic->icmp_type
                         ? "found protocol icmp and a type with an IPv6 range, which matches nothing"
                         : "found protocol icmp with an IPv6 range, which matches IPv6 packets with the "
                           "protocol number 1 and no ICMPv6 message",
                     "write icmpv6");
  result.number = static_cast<std::uint16_t>(*number);
  result.action = *action == 0 ? Action::allow : Action::deny;
  result.traffic = *traffic;
  result.cidr = *cidr;
  return result;
}

}  // namespace vpcwall

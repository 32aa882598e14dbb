#include "policy/policy_reader.h"

#include <algorithm>
#include <utility>

#include "policy/default_objects.h"
#include "policy/identity.h"
#include "policy/name_directory.h"
#include "policy/rule_reader.h"
#include "policy/suppression_reader.h"
#include "policy/yaml_reader.h"

namespace vpcwall {
namespace {

class PolicyReader {
 public:
  PolicyReader(const YamlNode& root, Reporter& reporter)
      : top_(root, "the policy",
             {"version", "vpc", "prefix_lists", "security_groups", "network_acls", "subnets", "interfaces",
              "quotas", "auto_tracked", "behavior", "lint"},
             reporter),
        reporter_(reporter),
        directory_(reporter) {}

  ReadPolicy read() {
    if (!top_.is_mapping()) return std::move(result_);
    read_version();
    if (const YamlNode* node = top_.require("vpc")) read_vpc(*node);
    declare_all();
    each("prefix_lists", lists_, &PolicyReader::read_prefix_list);
    each("security_groups", groups_, &PolicyReader::read_group);
    each("network_acls", acls_, &PolicyReader::read_acl);
    each("subnets", subnets_, &PolicyReader::read_subnet);
    each("interfaces", interfaces_, &PolicyReader::read_interface);
    if (const YamlNode* node = top_.find("quotas")) read_quotas(*node);
    if (const YamlNode* node = top_.find("auto_tracked"))
      read_peers(*node, "auto_tracked", {Section::auto_tracked, 0, Field::cidr}, policy().auto_tracked);
    if (const YamlNode* node = top_.find("behavior")) read_behavior(*node);
    if (const YamlNode* node = top_.find("lint")) policy().suppressions = read_suppressions(*node, reporter_);
    return std::move(result_);
  }

 private:
  Policy& policy() { return result_.policy; }
  void place(const FieldPath& path, SourcePosition at) { result_.positions.set(path, at); }

  void read_version() {
    const YamlNode* node = top_.find("version");
    if (node == nullptr) {
      reporter_.error(top_.at(), "found no key \"version\" in the policy, expected one",
                      "begin with: version: 1");
    } else if (node->kind != YamlNode::Kind::scalar || node->quoted || node->text != "1") {
      const bool quotes = node->kind == YamlNode::Kind::scalar && node->text == "1";
      reporter_.error(node->at, "found " + describe(*node) + ", expected the version of the format, 1",
                      quotes ? "write 1 without quotes" : "");
    }
  }

  // A number into `into`, unless it is not written or not readable.
  void number(const MappingReader& map, std::string_view key, const FieldPath& path, std::uint32_t& into) {
    const YamlNode* node = map.find(key);
    if (node == nullptr) return;
    place(path, node->at);
    // Bounds are validate()'s part, which knows them for a Policy from anywhere.
    if (const auto value = read_number(*node, key, 0, 4294967295U, reporter_)) into = *value;
  }

  // A CIDR into `into`; false when it is written and not readable.
  bool range(const MappingReader& map, std::string_view key, const FieldPath& path,
             std::optional<Prefix>& into) {
    const YamlNode* node = map.find(key);
    if (node == nullptr) return true;
    place(path, node->at);
    into = read_cidr(*node, key, reporter_);
    return into.has_value();
  }

  void read_vpc(const YamlNode& node) {
    const MappingReader map(node, "vpc", {"cidr", "ipv6_cidr", "secondary_cidrs", "router_mac"}, reporter_);
    Vpc& vpc = policy().vpc;
    vpc.at = node.at;
    bool good = map.is_mapping();
    good &= range(map, "cidr", {Section::vpc, 0, Field::cidr}, vpc.cidr);
    good &= range(map, "ipv6_cidr", {Section::vpc, 0, Field::ipv6_cidr}, vpc.ipv6_cidr);
    if (const YamlNode* list = map.find("secondary_cidrs")) {
      good &= list->kind == YamlNode::Kind::sequence;
      for (const YamlNode* item : read_list(*list, "secondary_cidrs", reporter_)) {
        const auto prefix = read_cidr(*item, "a secondary range", reporter_);
        good &= prefix.has_value();
        if (!prefix) continue;
        place({Section::vpc, 0, Field::secondary_cidr, vpc.secondary_cidrs.size()}, item->at);
        vpc.secondary_cidrs.push_back(*prefix);
      }
    }
    if (const YamlNode* mac = map.find("router_mac")) {
      place({Section::vpc, 0, Field::router_mac}, mac->at);
      vpc.router_mac = mac->kind == YamlNode::Kind::scalar ? parse_mac_address(mac->text) : std::nullopt;
      if (!vpc.router_mac)
        reporter_.error(mac->at,
                        "found " + describe(*mac) + ", expected a MAC address like 06:12:34:ab:cd:ef");
    }
    result_.vpc_readable = good;
  }

  // All names first, so that the order of sections and objects does not matter.
  void declare_all() {
    lists_ = directory_.declare(ObjectKind::prefix_list, top_.find("prefix_lists"));
    groups_ = directory_.declare(ObjectKind::security_group, top_.find("security_groups"));
    acls_ = directory_.declare(ObjectKind::network_acl, top_.find("network_acls"));
    subnets_ = directory_.declare(ObjectKind::subnet, top_.find("subnets"));
    interfaces_ = directory_.declare(ObjectKind::interface, top_.find("interfaces"));
    const std::string name(default_object_name);
    const bool ipv6 = has_ipv6(policy().vpc);
    if (!directory_.has_name(ObjectKind::security_group, name)) {
      policy().security_groups.push_back(default_security_group(derive_id("sg", name), ipv6));
      directory_.add(ObjectKind::security_group, policy().security_groups.back().id, name);
    }
    if (!directory_.has_name(ObjectKind::network_acl, name)) {
      policy().network_acls.push_back(default_network_acl(derive_id("acl", name), ipv6));
      directory_.add(ObjectKind::network_acl, policy().network_acls.back().id, name);
    }
    default_group_ = directory_.find_name(ObjectKind::security_group, name).value_or("");
    policy().default_network_acl = directory_.find_name(ObjectKind::network_acl, name).value_or("");
  }

  using ReadObject = void (PolicyReader::*)(const YamlNode&, const Identity&);
  void each(std::string_view key, const std::vector<Identity>& identities, ReadObject read_object) {
    const YamlNode* section = top_.find(key);
    if (section == nullptr) return;
    const auto items = read_list(*section, key, reporter_);
    for (std::size_t i = 0; i < items.size(); ++i) (this->*read_object)(*items[i], identities.at(i));
  }

  // id, name and position of a new object at the end of `all`.
  template <class Object>
  std::size_t append(std::vector<Object>& all, Section section, const YamlNode& node,
                     const Identity& identity) {
    const std::size_t index = all.size();
    Object& object = all.emplace_back();
    object.id = identity.id;
    object.name = identity.name;
    object.at = node.at;
    place({section, index, Field::name}, identity.name_at);
    place({section, index, Field::id}, identity.id_at);
    return index;
  }

  void read_prefix_list(const YamlNode& node, const Identity& identity) {
    const MappingReader map(node, "a prefix list", {"id", "name", "max_entries", "entries"}, reporter_);
    const YamlNode* entries = map.require("entries");
    if (identity.id.empty()) return;
    const std::size_t index = append(policy().prefix_lists, Section::prefix_list, node, identity);
    PrefixList& list = policy().prefix_lists[index];
    if (entries != nullptr)
      for (const YamlNode* item : read_list(*entries, "entries", reporter_))
        read_list_entry(*item, list, index);
    list.max_entries = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(list.entries.size()));
    number(map, "max_entries", {Section::prefix_list, index, Field::max_entries}, list.max_entries);
  }

  void read_list_entry(const YamlNode& node, PrefixList& list, std::size_t index) {
    const MappingReader map(node, "an entry of a prefix list", {"cidr", "description"}, reporter_);
    const YamlNode* cidr_node = map.require("cidr", "MissingParameter");
    const YamlNode* text_node = map.find("description");
    const auto cidr = cidr_node != nullptr ? read_cidr(*cidr_node, "cidr", reporter_) : std::nullopt;
    const auto text =
        text_node != nullptr ? read_text(*text_node, "a description", reporter_) : std::string{};
    if (!cidr || !text) return;
    place({Section::prefix_list, index, Field::entry_cidr, list.entries.size()}, cidr_node->at);
    if (text_node != nullptr)
      place({Section::prefix_list, index, Field::entry_description, list.entries.size()}, text_node->at);
    list.entries.push_back({*cidr, *text, node.at});
  }

  void read_group(const YamlNode& node, const Identity& identity) {
    const MappingReader map(node, "a security group", {"id", "name", "description", "ingress", "egress"},
                            reporter_);
    const bool is_default = identity.name == default_object_name;
    const std::string id = identity.id;
    auto ingress = read_rules(map, id, Direction::ingress);
    auto egress = read_rules(map, id, Direction::egress);
    std::optional<std::string> description;
    if (const YamlNode* text = map.find("description"))
      description = read_text(*text, "a description", reporter_);
    if (id.empty()) return;
    const std::size_t index = append(policy().security_groups, Section::security_group, node, identity);
    SecurityGroup& group = policy().security_groups[index];
    if (is_default) group.description = default_group_description;
    if (description) {
      group.description = *description;
      place({Section::security_group, index, Field::description}, map.find("description")->at);
    }
    if (map.find("ingress") == nullptr && is_default) {
      group.ingress = default_ingress_rules(id);
    } else {
      take_rules(std::move(ingress), group.ingress, index, Direction::ingress);
    }
    if (map.find("egress") == nullptr) {
      group.egress = default_egress_rules(id, has_ipv6(policy().vpc));
    } else {
      take_rules(std::move(egress), group.egress, index, Direction::egress);
    }
  }

  struct PlacedRule {
    SecurityGroupRule rule;
    const YamlNode* node;
  };
  std::vector<PlacedRule> read_rules(const MappingReader& map, const std::string& group_id,
                                     Direction direction) {
    const std::string_view key = to_string(direction);
    std::vector<PlacedRule> rules;
    if (const YamlNode* list = map.find(key))
      for (const YamlNode* item : read_list(*list, key, reporter_))
        if (auto rule = read_rule(*item, group_id, direction, directory_, reporter_))
          rules.push_back({std::move(*rule), item});
    return rules;
  }

  void take_rules(std::vector<PlacedRule> rules, std::vector<SecurityGroupRule>& into, std::size_t group,
                  Direction direction) {
    const bool ingress = direction == Direction::ingress;
    for (PlacedRule& placed : rules) {
      const std::size_t index = into.size();
      const auto set = [&](std::string_view key, Field field) {
        if (const YamlNode* value = value_of(*placed.node, key))
          place({Section::security_group, group, field, index}, value->at);
      };
      set("description", ingress ? Field::ingress_description : Field::egress_description);
      set("id", ingress ? Field::ingress_id : Field::egress_id);
      into.push_back(std::move(placed.rule));
    }
  }

  void read_acl(const YamlNode& node, const Identity& identity) {
    const MappingReader map(node, "a network ACL", {"id", "name", "ingress", "egress"}, reporter_);
    if (identity.id.empty()) return;
    const std::size_t index = append(policy().network_acls, Section::network_acl, node, identity);
    NetworkAcl& acl = policy().network_acls[index];
    for (const Direction direction : {Direction::ingress, Direction::egress}) {
      const bool ingress = direction == Direction::ingress;
      auto& entries = ingress ? acl.ingress : acl.egress;
      const YamlNode* list = map.find(to_string(direction));
      if (list == nullptr) {
        if (identity.name == default_object_name) entries = default_acl_entries(has_ipv6(policy().vpc));
        continue;
      }
      for (const YamlNode* item : read_list(*list, to_string(direction), reporter_)) {
        const auto entry = read_entry(*item, direction, reporter_);
        if (!entry) continue;
        const Field field = ingress ? Field::ingress_number : Field::egress_number;
        place({Section::network_acl, index, field, entries.size()}, value_of(*item, "rule")->at);
        entries.push_back(*entry);
      }
    }
  }

  void read_subnet(const YamlNode& node, const Identity& identity) {
    const MappingReader map(node, "a subnet", {"id", "name", "cidr", "ipv6_cidr", "network_acl"}, reporter_);
    Subnet subnet;
    const std::size_t index = policy().subnets.size();
    bool good = map.is_mapping() && !identity.id.empty();
    good &= range(map, "cidr", {Section::subnet, index, Field::cidr}, subnet.cidr);
    good &= range(map, "ipv6_cidr", {Section::subnet, index, Field::ipv6_cidr}, subnet.ipv6_cidr);
    subnet.network_acl = policy().default_network_acl;
    if (const YamlNode* acl = map.find("network_acl")) {
      const auto id = directory_.resolve(ObjectKind::network_acl, *acl);
      if (id) subnet.network_acl = *id;
    }
    if (!good) return;
    append(policy().subnets, Section::subnet, node, identity);
    Subnet& stored = policy().subnets.back();
    stored.cidr = subnet.cidr;
    stored.ipv6_cidr = subnet.ipv6_cidr;
    stored.network_acl = subnet.network_acl;
  }

  void read_interface(const YamlNode& node, const Identity& identity) {
    const MappingReader map(node, "an interface",
                            {"id", "name", "type", "subnet", "addresses", "security_groups",
                             "source_dest_check", "tracking", "device"},
                            reporter_);
    const YamlNode* subnet = map.require("subnet", "MissingParameter");
    const YamlNode* addresses = map.require("addresses");
    if (!map.is_mapping()) return;
    const std::size_t index = append(policy().interfaces, Section::interface, node, identity);
    Interface& interface = policy().interfaces[index];
    const auto path = [&](Field field, std::size_t element = 0) {
      return FieldPath{Section::interface, index, field, element};
    };
    if (subnet != nullptr) {
      place(path(Field::subnet), subnet->at);
      interface.subnet = directory_.resolve(ObjectKind::subnet, *subnet).value_or("");
    }
    if (addresses != nullptr)
      for (const YamlNode* item :
           non_empty_list(*addresses, "addresses", "an interface has at least one address", {}))
        if (const auto address = read_interface_address(*item)) {
          place(path(Field::address, interface.addresses.size()), item->at);
          interface.addresses.push_back(*address);
        }
    if (const YamlNode* type = map.find("type"))
      if (const auto word = read_word(*type, "a type", {"interface", "nat_gateway", "transit_gateway"},
                                      reporter_, "InvalidParameterValue"))
        interface.type = static_cast<Interface::Type>(*word);
    if (interface.type != Interface::Type::interface) {
      interface.source_dest_check = false;
      for (const std::string_view key : {"security_groups", "source_dest_check"})
        if (map.find(key) != nullptr)
          reporter_.error(map.key_position(key),
                          "found the key " + quoted(key) +
                              " on a gateway, expected none: only the network ACL of its "
                              "subnet judges its traffic",
                          "remove the key", "InvalidParameterCombination");
    } else if (const YamlNode* groups = map.find("security_groups")) {
      for (const YamlNode* item : non_empty_list(*groups, "security_groups",
                                                 "remove the key for the default group", "MissingParameter"))
        if (const auto id = directory_.resolve(ObjectKind::security_group, *item)) {
          place(path(Field::security_group, interface.security_groups.size()), item->at);
          interface.security_groups.push_back(*id);
        }
    } else {
      interface.security_groups.push_back(default_group_);
    }
    if (const YamlNode* flag = map.find("source_dest_check"); flag != nullptr && interface.source_dest_check)
      interface.source_dest_check = read_flag(*flag, "source_dest_check", reporter_).value_or(true);
    if (const YamlNode* tracking = map.find("tracking")) {
      const MappingReader times(*tracking, "tracking", {"tcp_established", "udp", "udp_stream"}, reporter_);
      number(times, "tcp_established", path(Field::tcp_established), interface.tracking.tcp_established);
      number(times, "udp", path(Field::udp), interface.tracking.udp);
      number(times, "udp_stream", path(Field::udp_stream), interface.tracking.udp_stream);
    }
    if (const YamlNode* device = map.find("device")) {
      place(path(Field::device), device->at);
      interface.device = read_text(*device, "the name of a network device", reporter_).value_or("");
      if (device->kind == YamlNode::Kind::scalar && device->text.empty())
        reporter_.error(device->at, "found \"\", expected the name of a network device", "remove the key");
    }
  }

  std::vector<const YamlNode*> non_empty_list(const YamlNode& node, std::string_view what,
                                              const std::string& hint, std::string_view aws_code) {
    auto items = read_list(node, what, reporter_);
    if (node.kind == YamlNode::Kind::sequence && items.empty())
      reporter_.error(node.at,
                      "found an empty list for " + std::string(what) + ", expected at least one item", hint,
                      aws_code);
    return items;
  }

  // A bare address, or a delegated prefix. Bits beyond the length are refused here, because "10.0.1.10/24" is
  // far more often an address with its subnet's length than a delegated prefix.
  std::optional<Prefix> read_interface_address(const YamlNode& node) {
    std::string hint;
    if (node.kind == YamlNode::Kind::scalar) {
      if (const auto address = parse_address(node.text)) return host_prefix(*address);
      if (const auto prefix = parse_prefix(node.text)) {
        const auto address = parse_address(node.text.substr(0, node.text.find('/')));
        if (address && *address == prefix->base) return prefix;
        if (address)
          hint = "write " + to_string(*address) + ", or " + to_string(*prefix) + " for a delegated prefix";
      }
    }
    reporter_.error(node.at, "found " + describe(node) + ", expected an IP address or a delegated prefix",
                    hint, "InvalidParameterValue");
    return std::nullopt;
  }

  void read_quotas(const YamlNode& node) {
    const MappingReader map(node, "quotas",
                            {"groups_per_region", "groups_per_interface", "rules_per_group", "acls_per_vpc",
                             "entries_per_acl", "entries_per_prefix_list", "references_per_prefix_list"},
                            reporter_);
    Quotas& quotas = policy().quotas;
    const auto path = [](Field field) { return FieldPath{Section::quotas, 0, field}; };
    number(map, "groups_per_region", path(Field::groups_per_region), quotas.groups_per_region);
    number(map, "groups_per_interface", path(Field::groups_per_interface), quotas.groups_per_interface);
    number(map, "rules_per_group", path(Field::rules_per_group), quotas.rules_per_group);
    number(map, "acls_per_vpc", path(Field::acls_per_vpc), quotas.acls_per_vpc);
    number(map, "entries_per_acl", path(Field::entries_per_acl), quotas.entries_per_acl);
    number(map, "entries_per_prefix_list", path(Field::entries_per_prefix_list),
           quotas.entries_per_prefix_list);
    number(map, "references_per_prefix_list", path(Field::references_per_prefix_list),
           quotas.references_per_prefix_list);
  }

  // A list of peers into `into`, with the place of each.
  void read_peers(const YamlNode& node, std::string_view what, FieldPath path, std::vector<Prefix>& into) {
    for (const YamlNode* item : read_list(node, what, reporter_))
      if (const auto prefix = read_cidr(*item, "a peer", reporter_)) {
        path.element = into.size();
        place(path, item->at);
        into.push_back(*prefix);
      }
  }

  void read_behavior(const YamlNode& node) {
    const MappingReader map(
        node, "behavior",
        {"tcp_midstream", "icmp_related", "unlisted_addresses", "flows_per_interface", "sg_identity_lost"},
        reporter_);
    Behavior& behavior = policy().behavior;
    if (const YamlNode* word = map.find("tcp_midstream"))
      if (const auto choice = read_word(*word, "tcp_midstream", {"strict", "loose"}, reporter_))
        behavior.tcp_midstream =
            *choice == 0 ? Behavior::TcpMidstream::strict : Behavior::TcpMidstream::loose;
    if (const YamlNode* word = map.find("icmp_related"))
      if (const auto choice = read_word(*word, "icmp_related", {"aws", "linux"}, reporter_))
        behavior.icmp_related = *choice == 0 ? Behavior::IcmpRelated::aws : Behavior::IcmpRelated::linux_;
    if (const YamlNode* word = map.find("unlisted_addresses"))
      if (const auto choice = read_word(*word, "unlisted_addresses", {"acl", "drop", "pass"}, reporter_))
        behavior.unlisted_addresses = static_cast<Behavior::UnlistedAddresses>(*choice);
    number(map, "flows_per_interface", {Section::behavior, 0, Field::flows_per_interface},
           behavior.flows_per_interface);
    if (const YamlNode* peers = map.find("sg_identity_lost"))
      read_peers(*peers, "sg_identity_lost", {Section::behavior, 0, Field::sg_identity_lost},
                 behavior.sg_identity_lost);
  }

  MappingReader top_;
  Reporter& reporter_;
  NameDirectory directory_;
  ReadPolicy result_;
  std::vector<Identity> lists_, groups_, acls_, subnets_, interfaces_;
  std::string default_group_;
};

}  // namespace

ReadPolicy read_policy(const YamlNode& root, Reporter& reporter) {
  return PolicyReader(root, reporter).read();
}

}  // namespace vpcwall

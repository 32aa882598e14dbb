#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

#include <map>

#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

const char* type_name(Interface::Type type) noexcept {
  switch (type) {
    case Interface::Type::interface: return "interface";
    case Interface::Type::nat_gateway: return "nat_gateway";
    case Interface::Type::transit_gateway: return "transit_gateway";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

// Objects in block style, one rule or entry per line in flow style, as a person would write them.
class PolicyEmitter {
 public:
  explicit PolicyEmitter(const Policy& policy) : policy_(policy) {
    for (const SecurityGroup& group : policy.security_groups) group_names_.emplace(group.id, group.name);
    for (const PrefixList& list : policy.prefix_lists) list_names_.emplace(list.id, list.name);
    for (const NetworkAcl& acl : policy.network_acls) acl_names_.emplace(acl.id, acl.name);
    for (const Subnet& subnet : policy.subnets) subnet_names_.emplace(subnet.id, subnet.name);
  }

  std::string emit() {
    out_ << YAML::BeginMap;
    field("version", 1U);
    vpc();
    sequence("prefix_lists", policy_.prefix_lists, [&](const PrefixList& list) { prefix_list(list); });
    sequence("security_groups", policy_.security_groups,
             [&](const SecurityGroup& group) { security_group(group); });
    sequence("network_acls", policy_.network_acls, [&](const NetworkAcl& acl) { network_acl(acl); });
    sequence("subnets", policy_.subnets, [&](const Subnet& subnet) { this->subnet(subnet); });
    sequence("interfaces", policy_.interfaces,
             [&](const Interface& interface) { this->interface(interface); });
    quotas();
    prefixes("auto_tracked", policy_.auto_tracked);
    behavior();
    lint();
    out_ << YAML::EndMap;
    return std::string(out_.c_str(), out_.size()) + '\n';
  }

 private:
  using Names = std::map<std::string, std::string>;

  // The name of what `id` belongs to, or the id itself where there is no name.
  static const std::string& name_or_id(const Names& names, const std::string& id) {
    const auto found = names.find(id);
    return found == names.end() || found->second.empty() ? id : found->second;
  }

  template <class T>
  void field(const char* key, const T& value) {
    out_ << YAML::Key << key << YAML::Value << value;
  }
  void flow_map(const char* key) { out_ << YAML::Key << key << YAML::Value << YAML::Flow << YAML::BeginMap; }

  template <class Object, class Emit>
  void sequence(const char* key, const std::vector<Object>& objects, Emit emit) {
    out_ << YAML::Key << key << YAML::Value;
    if (objects.empty()) out_ << YAML::Flow;
    out_ << YAML::BeginSeq;
    for (const Object& object : objects) emit(object);
    out_ << YAML::EndSeq;
  }

  void prefixes(const char* key, const std::vector<Prefix>& all) {
    out_ << YAML::Key << key << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (const Prefix& prefix : all) out_ << to_string(prefix);
    out_ << YAML::EndSeq;
  }

  void identity(const std::string& id, const std::string& name) {
    field("id", id);
    if (!name.empty()) field("name", name);
  }

  void vpc() {
    const Vpc& vpc = policy_.vpc;
    out_ << YAML::Key << "vpc" << YAML::Value << YAML::BeginMap;
    if (vpc.cidr) field("cidr", to_string(*vpc.cidr));
    if (vpc.ipv6_cidr) field("ipv6_cidr", to_string(*vpc.ipv6_cidr));
    prefixes("secondary_cidrs", vpc.secondary_cidrs);
    if (vpc.router_mac) field("router_mac", to_string(*vpc.router_mac));
    out_ << YAML::EndMap;
  }

  void prefix_list(const PrefixList& list) {
    out_ << YAML::BeginMap;
    identity(list.id, list.name);
    field("max_entries", list.max_entries);
    sequence("entries", list.entries, [&](const PrefixListEntry& entry) {
      out_ << YAML::Flow << YAML::BeginMap;
      field("cidr", to_string(entry.cidr));
      if (!entry.description.empty()) field("description", entry.description);
      out_ << YAML::EndMap;
    });
    out_ << YAML::EndMap;
  }

  void traffic(const Traffic& traffic) {
    field("protocol", traffic.protocol ? to_string(*traffic.protocol) : "all");
    if (!traffic.protocol) return;
    if (has_ports(*traffic.protocol))
      field("ports", traffic.ports.is_all() ? "all" : to_string(traffic.ports));
  }

  void icmp(const Traffic& traffic) {
    if (!traffic.protocol || !is_icmp(*traffic.protocol)) return;
    field("type", traffic.icmp_type ? std::to_string(*traffic.icmp_type) : "all");
    if (traffic.icmp_code) field("code", unsigned{*traffic.icmp_code});
  }

  void peer(const char* key, const Peer& peer) {
    if (const auto* prefix = std::get_if<Prefix>(&peer)) return field(key, to_string(*prefix));
    const auto* group = std::get_if<GroupReference>(&peer);
    const std::string& id = group != nullptr ? group->id : std::get<PrefixListReference>(peer).id;
    const std::string& name = name_or_id(group != nullptr ? group_names_ : list_names_, id);
    if (name == id) return field(key, id);
    flow_map(key);
    field(group != nullptr ? "group" : "prefix_list", name);
    out_ << YAML::EndMap;
  }

  void rules(const char* key, const char* peer_key, const std::vector<SecurityGroupRule>& rules) {
    sequence(key, rules, [&](const SecurityGroupRule& rule) {
      out_ << YAML::Flow << YAML::BeginMap;
      field("id", rule.id);
      traffic(rule.traffic);
      icmp(rule.traffic);
      peer(peer_key, rule.peer);
      if (!rule.description.empty()) field("description", rule.description);
      out_ << YAML::EndMap;
    });
  }

  void security_group(const SecurityGroup& group) {
    out_ << YAML::BeginMap;
    identity(group.id, group.name);
    field("description", group.description);
    rules("ingress", "source", group.ingress);
    rules("egress", "destination", group.egress);
    out_ << YAML::EndMap;
  }

  void entries(const char* key, const std::vector<NetworkAclEntry>& entries) {
    sequence(key, entries, [&](const NetworkAclEntry& entry) {
      out_ << YAML::Flow << YAML::BeginMap;
      field("rule", entry.number);
      field("action", entry.action == Action::allow ? "allow" : "deny");
      traffic(entry.traffic);
      // With an IPv4 range the type of icmpv6 is ignored (N-19), and writing it would earn a warning.
      const bool ignored =
          entry.traffic.protocol == Protocol::icmpv6 && entry.cidr.base.family == Family::ipv4;
      if (!ignored) icmp(entry.traffic);
      field("cidr", to_string(entry.cidr));
      out_ << YAML::EndMap;
    });
  }

  void network_acl(const NetworkAcl& acl) {
    out_ << YAML::BeginMap;
    identity(acl.id, acl.name);
    entries("ingress", acl.ingress);
    entries("egress", acl.egress);
    out_ << YAML::EndMap;
  }

  void subnet(const Subnet& subnet) {
    out_ << YAML::BeginMap;
    identity(subnet.id, subnet.name);
    if (subnet.cidr) field("cidr", to_string(*subnet.cidr));
    if (subnet.ipv6_cidr) field("ipv6_cidr", to_string(*subnet.ipv6_cidr));
    field("network_acl", name_or_id(acl_names_, subnet.network_acl));
    out_ << YAML::EndMap;
  }

  void interface(const Interface& interface) {
    out_ << YAML::BeginMap;
    identity(interface.id, interface.name);
    const bool gateway = interface.type != Interface::Type::interface;
    field("type", type_name(interface.type));
    field("subnet", name_or_id(subnet_names_, interface.subnet));
    out_ << YAML::Key << "addresses" << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (const Prefix& address : interface.addresses)
      out_ << (address.is_host() ? to_string(address.base) : to_string(address));
    out_ << YAML::EndSeq;
    if (!gateway) {
      out_ << YAML::Key << "security_groups" << YAML::Value << YAML::Flow << YAML::BeginSeq;
      for (const std::string& id : interface.security_groups) out_ << name_or_id(group_names_, id);
      out_ << YAML::EndSeq;
      field("source_dest_check", interface.source_dest_check);
    }
    flow_map("tracking");
    field("tcp_established", interface.tracking.tcp_established);
    field("udp", interface.tracking.udp);
    field("udp_stream", interface.tracking.udp_stream);
    out_ << YAML::EndMap;
    if (!interface.device.empty()) field("device", interface.device);
    out_ << YAML::EndMap;
  }

  void quotas() {
    const Quotas& quotas = policy_.quotas;
    out_ << YAML::Key << "quotas" << YAML::Value << YAML::BeginMap;
    field("groups_per_region", quotas.groups_per_region);
    field("groups_per_interface", quotas.groups_per_interface);
    field("rules_per_group", quotas.rules_per_group);
    field("acls_per_vpc", quotas.acls_per_vpc);
    field("entries_per_acl", quotas.entries_per_acl);
    field("entries_per_prefix_list", quotas.entries_per_prefix_list);
    field("references_per_prefix_list", quotas.references_per_prefix_list);
    out_ << YAML::EndMap;
  }

  void behavior() {
    const Behavior& behavior = policy_.behavior;
    out_ << YAML::Key << "behavior" << YAML::Value << YAML::BeginMap;
    field("tcp_midstream", behavior.tcp_midstream == Behavior::TcpMidstream::strict ? "strict" : "loose");
    field("icmp_related", behavior.icmp_related == Behavior::IcmpRelated::aws ? "aws" : "linux");
    field("unlisted_addresses", std::string(to_string(behavior.unlisted_addresses)));
    field("flows_per_interface", behavior.flows_per_interface);
    prefixes("sg_identity_lost", behavior.sg_identity_lost);
    out_ << YAML::EndMap;
  }

  void lint() {
    out_ << YAML::Key << "lint" << YAML::Value << YAML::BeginMap;
    sequence("suppress", policy_.suppressions, [&](const Suppression& suppression) {
      out_ << YAML::BeginMap;
      out_ << YAML::Key << "check" << YAML::Value << YAML::Flow << YAML::BeginSeq;
      for (const std::string& check : suppression.checks) out_ << check;
      out_ << YAML::EndSeq;
      if (!suppression.object.empty()) field("object", suppression.object);
      if (!suppression.rule.empty()) field("rule", suppression.rule);
      field("reason", suppression.reason);
      out_ << YAML::EndMap;
    });
    out_ << YAML::EndMap;
  }

  const Policy& policy_;
  YAML::Emitter out_;
  Names group_names_, list_names_, acl_names_, subnet_names_;
};

}  // namespace

std::string emit_policy(const Policy& policy) { return PolicyEmitter(policy).emit(); }

}  // namespace vpcwall

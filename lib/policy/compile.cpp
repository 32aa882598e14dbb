#include "policy/compile.h"

#include <algorithm>
#include <array>

#include "policy/identity.h"

namespace vpcwall {
namespace {

// E-7 to E-12: addresses that serve nothing but Amazon's own services.
constexpr std::array exempt_services{
    "169.254.169.253",  // Route 53 Resolver
    "169.254.169.254",  // instance metadata
    "169.254.169.123",  // Time Sync
    "169.254.170.2",    // ECS task metadata
    "169.254.169.250",  // Windows activation
    "169.254.169.251",  // Windows activation, second server
    "fd00:ec2::253",    // Route 53 Resolver
    "fd00:ec2::254",    // instance metadata
    "fd00:ec2::123",    // Time Sync
    "fe80:ec2::1",      // VPC router
};

// E-13: fe80::/10 formed by EUI-64 from the router's hardware address.
IpAddress eui64_address(const MacAddress& mac) {
  const std::uint64_t low = (std::uint64_t{mac[0]} ^ 2U) << 56U | std::uint64_t{mac[1]} << 48U |
                            std::uint64_t{mac[2]} << 40U | std::uint64_t{0xfffe} << 24U |
                            std::uint64_t{mac[3]} << 16U | std::uint64_t{mac[4]} << 8U |
                            std::uint64_t{mac[5]};
  return {0xfe80000000000000U, low, Family::ipv6};
}

AddressSet exempt_peers(const Policy& policy) {
  std::vector<Prefix> peers;
  for (const char* text : exempt_services) peers.push_back(host_prefix(*parse_address(text)));
  if (policy.vpc.cidr) peers.push_back(host_prefix(advance(policy.vpc.cidr->base, 2)));  // E-18
  if (policy.vpc.router_mac) peers.push_back(host_prefix(eui64_address(*policy.vpc.router_mac)));
  for (const Subnet& subnet : policy.subnets)  // E-17
    for (const auto& range : {subnet.cidr, subnet.ipv6_cidr})
      if (range) peers.push_back(host_prefix(advance(range->base, 1)));
  return AddressSet(peers);
}

// Everything one run of compile() needs to find things by id.
class Compiler {
 public:
  Compiler(const Policy& policy, CompileContext& context) : policy_(policy), context_(context) {}

  std::shared_ptr<const CompiledPolicy> run(std::uint64_t generation,
                                            const std::vector<DeviceBinding>& devices) {
    compiled_->generation = generation;
    compiled_->behavior = policy_.behavior;
    compiled_->unlisted_addresses = policy_.unlisted_addresses;
    compiled_->exempt_peers = exempt_peers(policy_);
    for (const auto& range : {policy_.vpc.cidr, policy_.vpc.ipv6_cidr})
      if (range) compiled_->vpc_ranges.push_back(*range);
    for (const Prefix& range : policy_.vpc.secondary_cidrs) compiled_->vpc_ranges.push_back(range);
    for (const NetworkAcl& acl : policy_.network_acls) compiled_->acls.push_back(compile_acl(acl));
    for (const Subnet& subnet : policy_.subnets) compiled_->subnets.push_back(compile_subnet(subnet));
    collect_members();
    collect_prefix_lists();
    for (const Interface& interface : policy_.interfaces) add_interface(interface);
    compiled_->addresses =
        KnownAddresses(owned_, subnet_ranges(), compiled_->exempt_peers.prefixes(), policy_.auto_tracked);
    for (const DeviceBinding& binding : devices) bind(binding);
    return compiled_;
  }

 private:
  void bind(const DeviceBinding& binding) {
    if (binding.origin != Origin::interface) {
      compiled_->devices[binding.device].origin = binding.origin;
      return;
    }
    const InterfaceIndex index = compiled_->interface_named(binding.interface);
    if (index == no_interface) return;
    DevicePlace& place = compiled_->devices[binding.device];
    place.interface = index;
    if (place.origin == Origin::unknown) place.origin = Origin::interface;
    compiled_->interfaces[index].has_device = true;
  }

  CompiledAcl compile_acl(const NetworkAcl& acl) {
    CompiledAcl compiled{acl.id, acl.name, {}};
    for (const Direction direction : {Direction::ingress, Direction::egress}) {
      auto& lists = compiled.lists[at(direction)];
      for (const NetworkAclEntry& entry : acl.entries(direction))
        lists[at(entry.cidr.base.family)].entries.push_back(compile_entry(acl, direction, entry));
      for (const Family family : {Family::ipv4, Family::ipv6}) {
        auto& list = lists[at(family)];
        std::sort(list.entries.begin(), list.entries.end(),
                  [](const CompiledEntry& a, const CompiledEntry& b) { return a.number < b.number; });
        list.default_slot = context_.slots.assign(
            {RuleKind::acl_default, acl.id, direction, family, "*",
             std::string("deny all ") + (family == Family::ipv4 ? "0.0.0.0/0" : "::/0")},
            acl.name);
        std::vector<IndexedRule> indexed;
        for (const CompiledEntry& one : list.entries) indexed.push_back({one.traffic, one.cidr, nullptr});
        list.index = RuleIndex(family, indexed);
      }
    }
    return compiled;
  }

  CompiledEntry compile_entry(const NetworkAcl& acl, Direction direction, const NetworkAclEntry& entry) {
    CompiledEntry compiled;
    compiled.traffic = compile_traffic(entry.traffic);
    // N-19: protocol 58 with an IPv4 range is matched by number, whatever type and code were given.
    if (entry.traffic.protocol == Protocol::icmpv6 && entry.cidr.base.family == Family::ipv4)
      compiled.traffic.icmp_type = compiled.traffic.icmp_code = -1;
    // S-68, S-69: an entry that denies applies to what it might match. No IPv6 packet has an ICMP type
    // (N-18).
    const bool type_that_none_has = entry.traffic.protocol == Protocol::icmp && entry.traffic.icmp_type &&
                                    entry.cidr.base.family == Family::ipv6;
    compiled.traffic.matches_unreadable = entry.action == Action::deny && !type_that_none_has;
    compiled.cidr = entry.cidr;
    compiled.action = entry.action;
    compiled.number = entry.number;
    const std::string action = entry.action == Action::allow ? "allow " : "deny ";
    compiled.slot = context_.slots.assign(
        {RuleKind::acl_entry, acl.id, direction, Family::ipv4, std::to_string(entry.number),
         action + describe(entry.traffic) + ' ' + to_string(entry.cidr)},
        acl.name);
    return compiled;
  }

  CompiledSubnet compile_subnet(const Subnet& subnet) const {
    CompiledSubnet compiled{subnet.id, subnet.name, {subnet.cidr, subnet.ipv6_cidr}, 0};
    const auto acl = std::find_if(policy_.network_acls.begin(), policy_.network_acls.end(),
                                  [&](const NetworkAcl& one) { return one.id == subnet.network_acl; });
    compiled.acl = static_cast<std::uint16_t>(acl - policy_.network_acls.begin());
    return compiled;
  }

  [[nodiscard]] std::vector<KnownAddresses::SubnetRange> subnet_ranges() const {
    std::vector<KnownAddresses::SubnetRange> ranges;
    for (std::size_t i = 0; i < policy_.subnets.size(); ++i)
      for (const auto& range : {policy_.subnets[i].cidr, policy_.subnets[i].ipv6_cidr})
        if (range) ranges.emplace_back(*range, static_cast<SubnetIndex>(i));
    return ranges;
  }

  // S-40 to S-42: a reference means every address of every interface that carries the group, but for those
  // whose packets no longer show it (S-51).
  void collect_members() {
    for (const SecurityGroup& group : policy_.security_groups) group_names_[group.id] = group.name;
    std::map<std::string, std::vector<Prefix>> members;
    for (const Interface& interface : policy_.interfaces)
      for (const std::string& group : interface.security_groups)
        members[group].insert(members[group].end(), interface.addresses.begin(), interface.addresses.end());
    const AddressSet hidden(policy_.behavior.sg_identity_lost);
    for (const auto& [group, addresses] : members)
      members_[group] = std::make_shared<const AddressSet>(AddressSet(addresses).without(hidden));
  }

  void collect_prefix_lists() {
    for (const PrefixList& list : policy_.prefix_lists) {
      std::vector<Prefix> prefixes;
      for (const PrefixListEntry& entry : list.entries) prefixes.push_back(entry.cidr);
      lists_[list.id] = std::make_shared<const AddressSet>(prefixes);
    }
  }

  void add_interface(const Interface& interface) {
    CompiledInterface compiled;
    compiled.id = interface.id;
    compiled.name = interface.name;
    compiled.mark = digest_of_name(interface.id);
    compiled.number =
        context_.interface_numbers
            .try_emplace(interface.id, static_cast<InterfaceNumber>(context_.interface_numbers.size()))
            .first->second;
    const auto subnet = std::find_if(policy_.subnets.begin(), policy_.subnets.end(),
                                     [&](const Subnet& one) { return one.id == interface.subnet; });
    compiled.subnet = static_cast<std::uint16_t>(subnet - policy_.subnets.begin());
    compiled.type = interface.type;
    compiled.source_dest_check = interface.source_dest_check && interface.type == Interface::Type::interface;
    compiled.tracking = interface.tracking;
    for (const Direction direction : {Direction::ingress, Direction::egress}) {
      compiled.default_slots[at(direction)] = context_.slots.assign(
          {RuleKind::group_default, interface.id, direction, Family::ipv4, "*", "deny all"}, interface.name);
    }
    compiled.groups = rules_of(interface.security_groups);
    for (const std::string& id : interface.security_groups)
      compiled.member_of.push_back({id, group_names_[id]});
    const auto index = static_cast<InterfaceIndex>(compiled_->interfaces.size());
    for (const Prefix& address : interface.addresses) {
      auto& primary = compiled.primary[at(address.base.family)];
      if (address.is_host() && !primary) primary = address.base;
      owned_.emplace_back(address, index);
    }
    compiled_->numbers[compiled.number] = index;
    compiled_->interfaces.push_back(std::move(compiled));
  }

  // S-5: the rules of all groups form one set; kept in the order written so that answers are repeatable.
  std::shared_ptr<const PerDirection<PerFamily<CompiledRules>>> rules_of(
      const std::vector<std::string>& groups) {
    auto& known = merged_[groups];
    if (known == nullptr) {
      auto merged = std::make_shared<PerDirection<PerFamily<CompiledRules>>>();
      for (const Direction direction : {Direction::ingress, Direction::egress})
        for (const Family family : {Family::ipv4, Family::ipv6})
          (*merged)[at(direction)][at(family)] = merge_groups(groups, direction, family);
      known = std::move(merged);
    }
    return known;
  }

  CompiledRules merge_groups(const std::vector<std::string>& groups, Direction direction, Family family) {
    CompiledRules merged;
    std::vector<IndexedRule> indexed, open;
    for (const std::string& id : groups) {
      const auto group = std::find_if(policy_.security_groups.begin(), policy_.security_groups.end(),
                                      [&](const SecurityGroup& one) { return one.id == id; });
      if (group == policy_.security_groups.end()) continue;
      for (const SecurityGroupRule& rule : group->rules(direction)) {
        CompiledRule compiled = compile_rule(*group, direction, rule);
        if (!can_match(rule, family)) continue;
        compiled.open = compiled.set ? compiled.set->is_open(family) : compiled.prefix.is_open();
        merged.names_groups |= compiled.names_group;
        indexed.push_back({compiled.traffic, compiled.prefix, compiled.set});
        if (compiled.open) {
          open.push_back({compiled.traffic, make_prefix({0, 0, family}, 0), nullptr});
          merged.open_all_tcp |= compiled.traffic.covers_all_ports(Protocol::tcp);
          merged.open_all_udp |= compiled.traffic.covers_all_ports(Protocol::udp);
        }
        merged.rules.push_back(std::move(compiled));
      }
    }
    merged.index = RuleIndex(family, indexed);
    merged.open_rules = RuleIndex(family, open);
    return merged;
  }

  // S-39: a range speaks of its own family only. S-66: ICMP is IPv4's, ICMPv6 is IPv6's.
  static bool can_match(const SecurityGroupRule& rule, Family family) {
    const Prefix* prefix = std::get_if<Prefix>(&rule.peer);
    if (prefix != nullptr && prefix->base.family != family) return false;
    if (rule.traffic.protocol == Protocol::icmp) return family == Family::ipv4;
    if (rule.traffic.protocol == Protocol::icmpv6) return family == Family::ipv6;
    return true;
  }

  CompiledRule compile_rule(const SecurityGroup& group, Direction direction, const SecurityGroupRule& rule) {
    CompiledRule compiled;
    compiled.traffic = compile_traffic(rule.traffic);
    compiled.slot =
        context_.slots.assign({RuleKind::group_rule, group.id, direction, Family::ipv4, rule.id,
                               "allow " + describe(rule.traffic) + ' ' + peer_identity(rule.peer)},
                              group.name);
    static const auto nobody = std::make_shared<const AddressSet>();  // S-55, S-80: matches nothing
    if (const auto* prefix = std::get_if<Prefix>(&rule.peer)) {
      compiled.prefix = *prefix;
    } else if (const auto* reference = std::get_if<GroupReference>(&rule.peer)) {
      const auto found = members_.find(reference->id);
      compiled.set = found != members_.end() ? found->second : nobody;
      compiled.names_group = true;
    } else if (const auto* list = std::get_if<PrefixListReference>(&rule.peer)) {
      const auto found = lists_.find(list->id);
      compiled.set = found != lists_.end() ? found->second : nobody;
    }
    return compiled;
  }

  const Policy& policy_;
  CompileContext& context_;
  std::shared_ptr<CompiledPolicy> compiled_ = std::make_shared<CompiledPolicy>();
  std::map<std::string, std::shared_ptr<const AddressSet>> members_, lists_;
  std::map<std::string, std::string> group_names_;  // by id
  std::map<std::vector<std::string>, std::shared_ptr<const PerDirection<PerFamily<CompiledRules>>>> merged_;
  std::vector<KnownAddresses::Owned> owned_;
};

}  // namespace

std::shared_ptr<const CompiledPolicy> compile(const Policy& policy, CompileContext& context,
                                              std::uint64_t generation,
                                              const std::vector<DeviceBinding>& devices) {
  return Compiler(policy, context).run(generation, devices);
}

std::string describe(const Traffic& traffic) {
  if (!traffic.protocol) return "all";
  std::string text = to_string(*traffic.protocol);
  if (has_ports(*traffic.protocol)) {
    text += ' ' + (traffic.ports.is_all() ? std::string("all") : to_string(traffic.ports));
  } else if (is_icmp(*traffic.protocol) && traffic.icmp_type) {
    text += " type " + std::to_string(*traffic.icmp_type);
    if (traffic.icmp_code) text += " code " + std::to_string(*traffic.icmp_code);
  }
  return text;
}

}  // namespace vpcwall

#include "policy/compile.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

#include "policy/compiled_groups.h"
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
  Compiler(const Policy& policy, CompileContext& context)
      : policy_(policy), context_(context), groups_(policy, context.slots, context.most_multiplied) {
    for (const SecurityGroup& group : policy.security_groups) group_names_.emplace(group.id, group.name);
    place(policy.network_acls, acls_);
    place(policy.subnets, subnets_);
  }

  std::shared_ptr<CompiledPolicy> run() {
    compiled_->behavior = policy_.behavior;
    compiled_->exempt_peers = exempt_peers(policy_);
    for (const auto& range : {policy_.vpc.cidr, policy_.vpc.ipv6_cidr})
      if (range) compiled_->vpc_ranges.push_back(*range);
    for (const Prefix& range : policy_.vpc.secondary_cidrs) compiled_->vpc_ranges.push_back(range);
    for (const NetworkAcl& acl : policy_.network_acls) compiled_->acls.push_back(compile_acl(acl));
    for (const Subnet& subnet : policy_.subnets) compiled_->subnets.push_back(compile_subnet(subnet));
    for (const Interface& interface : policy_.interfaces) add_interface(interface);
    compiled_->addresses =
        KnownAddresses(owned_, subnet_ranges(), compiled_->exempt_peers.prefixes(), policy_.auto_tracked);
    return compiled_;
  }

 private:
  template <class Object>
  static void place(const std::vector<Object>& all,
                    std::unordered_map<std::string_view, std::uint16_t>& places) {
    for (std::size_t i = 0; i < all.size(); ++i) places.emplace(all[i].id, static_cast<std::uint16_t>(i));
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
    compiled.acl = acls_.at(subnet.network_acl);
    return compiled;
  }

  [[nodiscard]] std::vector<KnownAddresses::SubnetRange> subnet_ranges() const {
    std::vector<KnownAddresses::SubnetRange> ranges;
    for (std::size_t i = 0; i < policy_.subnets.size(); ++i)
      for (const auto& range : {policy_.subnets[i].cidr, policy_.subnets[i].ipv6_cidr})
        if (range) ranges.emplace_back(*range, static_cast<SubnetIndex>(i));
    return ranges;
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
    compiled.subnet = subnets_.at(interface.subnet);
    compiled.type = interface.type;
    compiled.source_dest_check = interface.source_dest_check && interface.type == Interface::Type::interface;
    compiled.tracking = interface.tracking;
    for (const Direction direction : {Direction::ingress, Direction::egress}) {
      compiled.default_slots[at(direction)] = context_.slots.assign(
          {RuleKind::group_default, interface.id, direction, Family::ipv4, "*", "deny all"}, interface.name);
    }
    compiled.groups = groups_.of(interface.security_groups);
    for (const std::string& id : interface.security_groups)
      compiled.member_of.push_back({id, std::string(group_names_[id])});
    const auto index = static_cast<InterfaceIndex>(compiled_->interfaces.size());
    for (const Prefix& address : interface.addresses) {
      auto& primary = compiled.primary[at(address.base.family)];
      if (address.is_host() && !primary) primary = address.base;
      owned_.emplace_back(address, index);
    }
    compiled_->numbers[compiled.number] = index;
    compiled_->interfaces.push_back(std::move(compiled));
  }

  const Policy& policy_;
  CompileContext& context_;
  std::shared_ptr<CompiledPolicy> compiled_ = std::make_shared<CompiledPolicy>();
  CompiledGroups groups_;
  std::unordered_map<std::string_view, std::string_view> group_names_;  // by id
  std::unordered_map<std::string_view, std::uint16_t> acls_, subnets_;  // by id: places
  std::vector<KnownAddresses::Owned> owned_;
};

// All that rests on devices: with_devices() does it again.
void bind(CompiledPolicy& policy, const std::vector<DeviceBinding>& devices) {
  policy.devices.clear();
  for (CompiledInterface& interface : policy.interfaces) interface.has_device = false;
  if (devices.empty()) return;
  std::unordered_map<std::string_view, InterfaceIndex> places;  // by id and name; the first one has it
  for (std::size_t i = 0; i < policy.interfaces.size(); ++i)
    for (const std::string* key : {&policy.interfaces[i].id, &policy.interfaces[i].name})
      places.emplace(*key, static_cast<InterfaceIndex>(i));
  for (const DeviceBinding& binding : devices)
    if (const auto found = places.find(binding.interface); found != places.end()) {
      policy.devices[binding.device] = found->second;
      policy.interfaces[found->second].has_device = true;
    }
}

}  // namespace

std::shared_ptr<const CompiledPolicy> compile(const Policy& policy, CompileContext& context,
                                              std::uint64_t generation,
                                              const std::vector<DeviceBinding>& devices) {
  std::shared_ptr<CompiledPolicy> compiled = Compiler(policy, context).run();
  compiled->generation = generation;
  bind(*compiled, devices);
  return compiled;
}

std::shared_ptr<const CompiledPolicy> with_devices(const CompiledPolicy& policy, std::uint64_t generation,
                                                   const std::vector<DeviceBinding>& devices) {
  const auto copy = std::make_shared<CompiledPolicy>(policy);
  copy->generation = generation;
  bind(*copy, devices);
  return copy;
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

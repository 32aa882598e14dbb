#include "property/policy_builder.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "policy/default_objects.h"
#include "policy/identity.h"
#include "policy/validate.h"
#include "property/edges.h"

namespace vpcwall::property {
namespace {

constexpr std::array<const char*, group_count> group_names{"default", "web", "app", "db", "ops"};
constexpr std::array<const char*, acl_count> acl_names{"default", "public", "private"};
constexpr std::array<const char*, subnet_limit> subnet_names{"a", "b", "c"};
constexpr std::array<const char*, max_interfaces> interface_names{"a1", "a2", "b1", "c1"};
constexpr std::array<const char*, 3> list_names{"corporate", "corporate6", "anywhere"};
constexpr std::size_t list_limit = 5;
constexpr std::size_t rules_limit =
    10;  // times list_limit stays below the quota of a group, with what a base adds
constexpr std::array<Family, 2> families{Family::ipv4, Family::ipv6};

template <std::size_t n>
std::array<std::string, n> ids(std::string_view kind, const std::array<const char*, n>& names) {
  std::array<std::string, n> all;
  std::transform(names.begin(), names.end(), all.begin(),
                 [kind](const char* name) { return derive_id(kind, name); });
  return all;
}

const auto& group_ids() {
  static const auto all = ids("sg", group_names);
  return all;
}
const auto& acl_ids() {
  static const auto all = ids("acl", acl_names);
  return all;
}
const auto& subnet_ids() {
  static const auto all = ids("subnet", subnet_names);
  return all;
}
const auto& interface_ids() {
  static const auto all = ids("eni", interface_names);
  return all;
}
const auto& list_ids() {
  static const auto all = ids("pl", list_names);
  return all;
}

constexpr Prefix everything(Family family) noexcept { return {{0, 0, family}, 0}; }

// Everything that settings can say, before anything is made of it.
struct Shape {
  std::array<unsigned, group_count> group_base{};
  std::array<unsigned, acl_count> acl_base{};
  std::array<unsigned, subnet_limit> subnet_acl{1, 2, 1};
  std::array<unsigned, subnet_limit> subnet_families{};  // 0 as the VPC, 1 IPv4, 2 IPv6
  std::array<bool, max_interfaces> no_check{}, has_device{};
  std::array<Interface::Type, max_interfaces> types{};
  std::array<Tracking, max_interfaces> tracking{};
  std::vector<Prefix> auto_tracked;
  Behavior behavior;
  UnlistedAddresses unlisted_addresses = UnlistedAddresses::acl;
  unsigned families = 0;  // 0 both, 1 IPv4, 2 IPv6
  unsigned subnet_count = 2;
  bool secondary_range = false, router_mac = false;
};

class PolicyBuilder {
 public:
  explicit PolicyBuilder(const Descriptors& descriptors) : descriptors_(descriptors) {}

  Policy build() {
    for_each(Kind::setting, [this](Choices choices) { setting(choices); });
    vpc();
    prefix_lists();
    groups();
    acls();
    subnets();
    for_each(Kind::interface, [this](Choices choices) { interface(choices); });
    policy_.auto_tracked = shape_.auto_tracked;
    policy_.behavior = shape_.behavior;
    policy_.unlisted_addresses = shape_.unlisted_addresses;
    policy_.quotas.entries_per_acl = max_entries_per_acl;
    return std::move(policy_);
  }

 private:
  template <class Use>
  void for_each(Kind kind, Use use) const {
    for (const Descriptor& descriptor : descriptors_)
      if (descriptor.kind == kind) use(Choices(descriptor));
  }

  void setting(Choices choices) {
    const auto what = Setting{static_cast<std::uint8_t>(choices.below(setting_count))};
    const unsigned which = choices.number();
    const unsigned value = choices.number();
    switch (what) {
      case Setting::group_base: shape_.group_base.at(which % group_count) = value % 4; break;
      case Setting::acl_base: shape_.acl_base.at(which % acl_count) = value % 3; break;
      case Setting::subnet_acl: shape_.subnet_acl.at(which % subnet_limit) = value % acl_count; break;
      case Setting::source_dest_check: shape_.no_check.at(which % max_interfaces) = value % 2 != 0; break;
      case Setting::tracking: shape_.tracking.at(which % max_interfaces) = tracking(value, choices); break;
      case Setting::flow_limit:
        shape_.behavior.flows_per_interface = value % 8 < 5 ? value % 8 + 1 : 136812;
        break;
      case Setting::midstream:
        shape_.behavior.tcp_midstream =
            value % 2 != 0 ? Behavior::TcpMidstream::loose : Behavior::TcpMidstream::strict;
        break;
      case Setting::icmp_related:
        shape_.behavior.icmp_related =
            value % 2 != 0 ? Behavior::IcmpRelated::linux_ : Behavior::IcmpRelated::aws;
        break;
      case Setting::auto_tracked: add_edge(shape_.auto_tracked, which, value); break;
      case Setting::identity_lost: add_edge(shape_.behavior.sg_identity_lost, which, value); break;
      case Setting::unlisted_addresses:
        shape_.unlisted_addresses = static_cast<UnlistedAddresses>(value % 3);
        break;
      case Setting::device: shape_.has_device.at(which % max_interfaces) = value % 2 != 0; break;
      case Setting::families: shape_.families = value % 3; break;
      case Setting::subnet_count: shape_.subnet_count = 1 + (value + 1) % subnet_limit; break;
      case Setting::subnet_families: shape_.subnet_families.at(which % subnet_limit) = value % 3; break;
      case Setting::secondary_range: shape_.secondary_range = value % 2 != 0; break;
      case Setting::router_mac: shape_.router_mac = value % 2 != 0; break;
      case Setting::interface_type:
        shape_.types.at(which % max_interfaces) = Interface::Type{static_cast<std::uint8_t>(value % 3)};
        break;
    }
  }

  // The bounds of C-30 to C-33 and what stands beside them.
  static Tracking tracking(unsigned value, Choices& choices) {
    constexpr std::array<std::uint32_t, 6> established{432000, 60, 350, 61, 431999, 3600};
    constexpr std::array<std::uint32_t, 4> udp{30, 60, 31, 59};
    constexpr std::array<std::uint32_t, 4> stream{180, 60, 61, 179};
    return {established.at(value % established.size()), choices.of(udp), choices.of(stream)};
  }

  static void add_edge(std::vector<Prefix>& prefixes, unsigned which, unsigned value) {
    const auto all = edge_prefixes(families.at(which % 2));
    const Prefix& prefix = all[value % all.size()];
    if (std::find(prefixes.begin(), prefixes.end(), prefix) == prefixes.end()) prefixes.push_back(prefix);
  }

  void vpc() {
    Vpc& vpc = policy_.vpc;
    if (shape_.families != 2) vpc.cidr = parse_prefix("10.0.0.0/16");
    if (shape_.families != 1) vpc.ipv6_cidr = parse_prefix("2001:db8:1234:1a00::/56");
    if (shape_.secondary_range && vpc.cidr) vpc.secondary_cidrs.push_back(*parse_prefix("10.1.0.0/16"));
    if (shape_.secondary_range && vpc.ipv6_cidr)
      vpc.secondary_cidrs.push_back(*parse_prefix("2001:db8:4321:1a00::/56"));
    // Its EUI-64 address is one of edge_addresses().
    if (shape_.router_mac) vpc.router_mac = {0x06, 0x1a, 0x2b, 0x3c, 0x4d, 0x5e};
  }

  void prefix_lists() {
    for (std::size_t i = 0; i < list_names.size(); ++i)
      policy_.prefix_lists.push_back({list_ids().at(i), list_names.at(i), 1, {}, {}});
    for_each(Kind::list_entry, [this](Choices choices) {
      const unsigned index = choices.below(list_names.size());
      PrefixList& list = policy_.prefix_lists.at(index);
      const Prefix& prefix = choices.of(edge_prefixes(index == 1 ? Family::ipv6 : Family::ipv4));
      const bool known = std::any_of(list.entries.begin(), list.entries.end(),
                                     [&](const PrefixListEntry& entry) { return entry.cidr == prefix; });
      if (known || list.entries.size() == list_limit) return;
      list.entries.push_back({prefix, {}, {}});
      list.max_entries = static_cast<std::uint32_t>(list.entries.size());
    });
  }

  void groups() {
    for (unsigned i = 0; i < group_count; ++i) {
      SecurityGroup group{
          group_ids().at(i), group_names.at(i), i == 0 ? "default VPC security group" : "", {}, {}, {}};
      if (i == 0) group.ingress = default_ingress_rules(group.id);
      policy_.security_groups.push_back(std::move(group));
      const unsigned base = shape_.group_base.at(i);
      for (const Family family : families) {
        if (base == 0 || base == 1) add_rule(i, Direction::egress, {}, everything(family));
        if (base == 1 || base == 3) add_rule(i, Direction::ingress, {}, everything(family));
      }
    }
    for_each(Kind::rule, [this](Choices choices) {
      const unsigned group = choices.below(group_count);
      const Direction direction = choices.below(2) == 0 ? Direction::ingress : Direction::egress;
      const Family family = families.at(choices.below(2));
      const Traffic kind = traffic(choices, family);
      add_rule(group, direction, kind, peer(choices, family));
    });
  }

  void add_rule(unsigned index, Direction direction, const Traffic& kind, const Peer& peer) {
    SecurityGroup& group = policy_.security_groups.at(index);
    auto& rules = direction == Direction::ingress ? group.ingress : group.egress;
    const std::string id = derive_rule_id(group.id, direction, kind, peer);
    const bool known =
        std::any_of(rules.begin(), rules.end(), [&](const auto& rule) { return rule.id == id; });
    if (!known && rules.size() < rules_limit) rules.push_back({id, kind, peer, {}, {}});
  }

  static Peer peer(Choices& choices, Family family) {
    const unsigned kind = choices.below(8);
    if (kind == 6) return GroupReference{choices.of(group_ids())};
    if (kind == 7) {
      const unsigned list = choices.below(list_names.size() + 1);
      if (list == list_names.size()) return GroupReference{"sg-0dead"};  // S-80: of a group that is gone
      return PrefixListReference{list_ids().at(list)};
    }
    return choices.of(edge_prefixes(family));
  }

  static Traffic traffic(Choices& choices, Family family) {
    Traffic traffic;
    const unsigned protocol = choices.below(10);
    const Protocol icmp = family == Family::ipv4 ? Protocol::icmp : Protocol::icmpv6;
    if (protocol < 4) traffic.protocol = Protocol::tcp;
    if (protocol == 4 || protocol == 5) traffic.protocol = Protocol::udp;
    if (protocol == 6 || protocol == 7) traffic.protocol = icmp;
    const unsigned shape = choices.below(8);
    const unsigned first = choices.number(), second = choices.number();
    if (protocol == 9) traffic.protocol = other_protocols.at(first % other_protocols.size());
    if (protocol < 6 || (protocol >= 8 && shape > 5)) traffic.ports = ports(shape, first, second);
    const bool typed = traffic.protocol && is_icmp(*traffic.protocol);
    if (typed && shape > 0) traffic.icmp_type = icmp_type(*traffic.protocol, first);
    if (typed && shape > 3) traffic.icmp_code = static_cast<std::uint8_t>(second % 5);
    return traffic;
  }

  static PortRange ports(unsigned shape, unsigned first, unsigned second) {
    const std::uint16_t one = edge_ports.at(first % edge_ports.size());
    const std::uint16_t other = edge_ports.at(second % edge_ports.size());
    if (shape == 5) return {0, 65535};
    if (shape == 6) return {0, 65534};
    if (shape == 7) return {1, 65535};
    if (shape < 3) return {one, one};
    return {std::min(one, other), std::max(one, other)};
  }

  static std::uint8_t icmp_type(Protocol protocol, unsigned number) {
    constexpr std::array<std::uint8_t, 8> four{8, 0, 3, 11, 13, 14, 17, 5};
    constexpr std::array<std::uint8_t, 8> six{128, 129, 2, 1, 3, 135, 133, 4};
    return protocol == Protocol::icmp ? four.at(number % 8) : six.at(number % 8);
  }

  void acls() {
    for (unsigned i = 0; i < acl_count; ++i)
      policy_.network_acls.push_back({acl_ids().at(i), acl_names.at(i), {}, {}, {}});
    policy_.default_network_acl = acl_ids().front();
    for_each(Kind::entry, [this](Choices choices) { entry(choices); });
    for (unsigned i = 0; i < acl_count; ++i) acl_base(i);
  }

  void entry(Choices choices) {
    constexpr std::array<std::uint16_t, 12> numbers{100, 90, 110, 1, 2, 32766, 32765, 200, 120, 50, 101, 20};
    const unsigned acl = choices.below(acl_count);
    const Direction direction = choices.below(2) == 0 ? Direction::ingress : Direction::egress;
    NetworkAclEntry entry;
    entry.number = choices.of(numbers);
    entry.action = choices.below(2) == 0 ? Action::deny : Action::allow;
    const Family family = families.at(choices.below(2));
    entry.traffic = traffic(choices, family);
    entry.cidr = choices.of(edge_prefixes(family));
    add_entry(acl, direction, entry);
  }

  void acl_base(unsigned index) {
    const unsigned base = shape_.acl_base.at(index);
    if (base == 1) return;
    // The default ACL's own numbers are AWS's (NX-1); elsewhere everything may stand before them.
    const std::uint16_t first = index == 0 ? 100 : 32000;
    for (const Direction direction : {Direction::ingress, Direction::egress})
      for (const Family family : families) {
        NetworkAclEntry entry;
        entry.number = static_cast<std::uint16_t>(first + (family == Family::ipv4 ? 0 : 1));
        entry.action = Action::allow;
        entry.cidr = everything(family);
        if (base == 2 && direction == Direction::egress)
          entry.traffic = {Protocol::tcp, {1024, 65535}, {}, {}};
        add_entry(index, direction, entry);
      }
  }

  // A number that is taken moves on to the next free one (N-9).
  void add_entry(unsigned index, Direction direction, NetworkAclEntry entry) {
    NetworkAcl& acl = policy_.network_acls.at(index);
    auto& entries = direction == Direction::ingress ? acl.ingress : acl.egress;
    if (entries.size() >= max_entries_per_acl) return;
    const auto taken = [&entries](std::uint16_t number) {
      return std::any_of(entries.begin(), entries.end(),
                         [number](const auto& one) { return one.number == number; });
    };
    while (taken(entry.number)) entry.number = entry.number == max_rule_number ? 1 : entry.number + 1;
    entries.push_back(entry);
  }

  void subnets() {
    constexpr std::array<const char*, subnet_limit> four{"10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"};
    constexpr std::array<const char*, subnet_limit> six{"2001:db8:1234:1a00::/64", "2001:db8:1234:1a01::/64",
                                                        "2001:db8:1234:1a02::/64"};
    for (unsigned i = 0; i < shape_.subnet_count; ++i) {
      Subnet subnet{
          subnet_ids().at(i), subnet_names.at(i), {}, {}, acl_ids().at(shape_.subnet_acl.at(i)), {}};
      const bool second = i == 2 && shape_.secondary_range;
      const unsigned only = shape_.families != 0 ? shape_.families : shape_.subnet_families.at(i);
      if (only != 2) subnet.cidr = parse_prefix(second ? "10.1.0.0/24" : four.at(i));
      if (only != 1) subnet.ipv6_cidr = parse_prefix(second ? "2001:db8:4321:1a02::/64" : six.at(i));
      policy_.subnets.push_back(std::move(subnet));
    }
  }

  // An interface is its number; a later descriptor of the same number replaces the earlier one.
  void interface(Choices choices) {
    const unsigned index = choices.below(max_interfaces);
    const Subnet& subnet = policy_.subnets.at(choices.below(policy_.subnets.size()));
    Interface interface;
    interface.id = interface_ids().at(index);
    interface.name = interface_names.at(index);
    interface.subnet = subnet.id;
    interface.type = shape_.types.at(index);
    const bool gateway = interface.type != Interface::Type::interface;
    interface.source_dest_check = !shape_.no_check.at(index) && !gateway;
    interface.tracking = shape_.tracking.at(index);
    if (shape_.has_device.at(index)) interface.device = "eth" + std::to_string(index);
    groups_of(interface, choices);
    if (gateway) interface.security_groups.clear();
    addresses_of(interface, subnet, index, choices);
    for (Interface& known : policy_.interfaces)
      if (known.id == interface.id) {
        known = std::move(interface);
        return;
      }
    policy_.interfaces.push_back(std::move(interface));
  }

  static void groups_of(Interface& interface, Choices& choices) {
    const unsigned set = (choices.number() + 1U) % 32;  // zero: the default group alone
    for (unsigned i = 0; i < group_count; ++i)
      if ((set >> i & 1U) != 0) interface.security_groups.push_back(group_ids().at(i));
    if (interface.security_groups.empty()) interface.security_groups.push_back(group_ids().at(1));
  }

  // Neighbours have neighbouring addresses: the first one of a subnet is the first that AWS hands out (E-14).
  static void addresses_of(Interface& interface, const Subnet& subnet, unsigned index, Choices& choices) {
    const unsigned extras = choices.number();
    const auto host = [&](const std::optional<Prefix>& range, std::uint32_t offset) {
      if (range) interface.addresses.push_back(host_prefix(in_range(*range, offset)));
    };
    host(subnet.cidr, 4 + index);
    host(subnet.ipv6_cidr, 4 + index);
    if ((extras & 1U) != 0) host(subnet.cidr, 20 + index);
    if ((extras & 2U) != 0) host(subnet.ipv6_cidr, 20 + index);
    if ((extras & 4U) != 0 && subnet.cidr)
      interface.addresses.push_back(make_prefix(in_range(*subnet.cidr, 64 + 16 * index), 28));
    if ((extras & 8U) != 0 && subnet.ipv6_cidr) {
      IpAddress base = subnet.ipv6_cidr->base;
      base.low |= std::uint64_t{index + 1} << 48U;
      interface.addresses.push_back({base, 80});
    }
    if ((extras & 16U) != 0) host(subnet.cidr, 254 - index);  // the last one that AWS hands out is .254
  }

  static IpAddress in_range(const Prefix& range, std::uint32_t offset) { return advance(range.base, offset); }

  const Descriptors& descriptors_;
  Shape shape_;
  Policy policy_;
};

}  // namespace

Policy policy_of(const Descriptors& descriptors) { return PolicyBuilder(descriptors).build(); }

}  // namespace vpcwall::property

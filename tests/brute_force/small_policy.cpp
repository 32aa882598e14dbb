#include "brute_force/small_policy.h"

#include <algorithm>
#include <array>
#include <string>

#include "policy/default_objects.h"
#include "policy/identity.h"
#include "policy/validate.h"

namespace vpcwall::brute_force {
namespace {

constexpr std::array families{Family::ipv4, Family::ipv6};
constexpr std::array group_ids{"sg-00", "sg-01", "sg-02"};
constexpr std::array acl_ids{"acl-00", "acl-01", "acl-02"};
constexpr std::array list_ids{"pl-00", "pl-01"};  // of IPv4, of IPv6
constexpr std::array subnet_ids{"subnet-00", "subnet-01"};
constexpr std::array interface_names{"a", "b", "c", "d"};
constexpr std::size_t most_rules = 6;
constexpr std::size_t most_entries = 6;

class Builder {
 public:
  Builder(std::mt19937_64& random, PortSpace ports) : random_(random), ports_(ports) {}

  Policy build() {
    Policy policy;
    policy.vpc.cidr = parse_prefix("10.0.0.0/26");
    policy.vpc.ipv6_cidr = parse_prefix("2001:db8:0:100::/56");
    for (std::size_t i = 0; i < list_ids.size(); ++i) {
      policy.prefix_lists.push_back({list_ids.at(i), i == 0 ? "four" : "six", 8, {}, {}});
      entries_of(policy.prefix_lists.back(), families.at(i));
    }
    for (std::size_t i = 0; i < group_ids.size(); ++i) {
      SecurityGroup group{group_ids.at(i), i == 0 ? "default" : "g" + std::to_string(i), "", {}, {}, {}};
      if (i == 0) group.description = default_group_description;
      policy.security_groups.push_back(std::move(group));
      for (const Direction direction : {Direction::ingress, Direction::egress})
        for (std::size_t count = below(most_rules + 1); count > 0; --count) add_rule(policy, i, direction);
    }
    for (std::size_t i = 0; i < acl_ids.size(); ++i) {
      policy.network_acls.push_back(
          {acl_ids.at(i), i == 0 ? "default" : "n" + std::to_string(i), {}, {}, {}});
      for (const Direction direction : {Direction::ingress, Direction::egress})
        for (std::size_t count = below(most_entries + 1); count > 0; --count) add_entry(policy, i, direction);
    }
    policy.default_network_acl = acl_ids.front();
    policy.subnets.push_back({subnet_ids[0],
                              "north",
                              parse_prefix("10.0.0.0/28"),
                              parse_prefix("2001:db8:0:100::/64"),
                              acl_ids.at(below(acl_ids.size())),
                              {}});
    policy.subnets.push_back({subnet_ids[1],
                              "south",
                              parse_prefix("10.0.0.16/28"),
                              parse_prefix("2001:db8:0:101::/64"),
                              acl_ids.at(below(acl_ids.size())),
                              {}});
    for (std::size_t i = 0; i < 3; ++i) add_interface(policy, i);
    if (one_in(3)) policy.auto_tracked.push_back(prefix(families.at(below(2))));
    if (one_in(4)) policy.behavior.sg_identity_lost.push_back(prefix(families.at(below(2))));
    if (one_in(4)) policy.behavior.tcp_midstream = Behavior::TcpMidstream::loose;
    return policy;
  }

  void change(Policy& policy) {
    const Direction direction = one_in(2) ? Direction::ingress : Direction::egress;
    const std::size_t which = below(3);
    switch (below(12)) {
      case 0: add_rule(policy, which, direction); break;
      case 1: remove_one(rules(policy, which, direction)); break;
      case 2: add_entry(policy, which, direction); break;
      case 3: remove_one(entries(policy, which, direction)); break;
      case 4: flip_one(entries(policy, which, direction)); break;
      case 5: entries_of(policy.prefix_lists.at(which % 2), families.at(which % 2)); break;
      case 6: policy.subnets.at(which % 2).network_acl = acl_ids.at(below(acl_ids.size())); break;
      case 7: one_interface(policy).security_groups = {group_ids.at(which)}; break;
      case 8: remove_one(policy.interfaces); break;
      case 9: add_interface(policy, 3); break;
      case 10: remove_one(one_interface(policy).addresses); break;
      case 11:
        if (policy.auto_tracked.empty())
          policy.auto_tracked.push_back(prefix(families.at(which % 2)));
        else
          policy.auto_tracked.clear();
        break;
    }
  }

  [[nodiscard]] std::size_t below(std::size_t count) { return random_() % count; }

 private:
  [[nodiscard]] bool one_in(std::size_t count) { return below(count) == 0; }

  static std::vector<SecurityGroupRule>& rules(Policy& policy, std::size_t group, Direction direction) {
    SecurityGroup& one = policy.security_groups.at(group);
    return direction == Direction::ingress ? one.ingress : one.egress;
  }
  static std::vector<NetworkAclEntry>& entries(Policy& policy, std::size_t acl, Direction direction) {
    NetworkAcl& one = policy.network_acls.at(acl);
    return direction == Direction::ingress ? one.ingress : one.egress;
  }
  [[nodiscard]] Interface& one_interface(Policy& policy) {
    return policy.interfaces.at(below(policy.interfaces.size()));
  }
  template <class Item>
  void remove_one(std::vector<Item>& items) {
    if (!items.empty()) items.erase(items.begin() + static_cast<std::ptrdiff_t>(below(items.size())));
  }
  void flip_one(std::vector<NetworkAclEntry>& items) {
    if (items.empty()) return;
    Action& action = items.at(below(items.size())).action;
    action = action == Action::allow ? Action::deny : Action::allow;
  }

  // Open, or some bits of the subnets' first addresses or of a network outside.
  Prefix prefix(Family family) {
    if (one_in(3)) return make_prefix({0, 0, family}, one_in(4) ? 1 : 0);
    const bool four = family == Family::ipv4;
    const char* inside = four ? "10.0.0.0" : one_in(2) ? "2001:db8:0:100::" : "2001:db8:0:101::";
    const char* outside = four ? "192.0.2.0" : "2001:db8:ffff::";
    const bool is_inside = one_in(2);
    const IpAddress base = *parse_address(is_inside ? inside : outside);
    const unsigned bits = is_inside ? (four ? 5 : 4) : 3;
    const IpAddress address = advance(base, static_cast<std::uint32_t>(below(std::size_t{1} << bits)));
    return make_prefix(address, static_cast<std::uint8_t>(bit_length(family) - below(bits + 1)));
  }

  Traffic traffic(Family family) {
    Traffic traffic;
    switch (below(8)) {
      case 0: return traffic;
      case 1:
      case 2:
      case 3: traffic.protocol = Protocol::tcp; break;
      case 4:
      case 5: traffic.protocol = Protocol::udp; break;
      case 6:
        traffic.protocol = one_in(8) == (family == Family::ipv4) ? Protocol::icmpv6 : Protocol::icmp;
        break;
      default: traffic.protocol = one_in(2) ? Protocol::gre : Protocol::esp; return traffic;
    }
    if (has_ports(*traffic.protocol)) {
      if (one_in(4)) return traffic;
      const auto first = static_cast<std::uint16_t>(ports_.base + below(PortSpace::size));
      const auto more = static_cast<std::uint16_t>(below(PortSpace::size));
      traffic.ports = {first, one_in(6) ? std::uint16_t{65535} : static_cast<std::uint16_t>(first + more)};
      return traffic;
    }
    constexpr std::array<std::uint8_t, 4> types4{8, 0, 3, 11}, types6{128, 129, 2, 3};
    if (one_in(3)) return traffic;
    traffic.icmp_type = traffic.protocol == Protocol::icmp ? types4.at(below(4)) : types6.at(below(4));
    if (one_in(2)) traffic.icmp_code = static_cast<std::uint8_t>(below(4));
    return traffic;
  }

  void add_rule(Policy& policy, std::size_t group, Direction direction) {
    const Family family = families.at(below(2));
    const Traffic kind = traffic(family);
    Peer peer = prefix(family);
    if (one_in(5)) peer = GroupReference{group_ids.at(below(group_ids.size()))};
    if (one_in(6)) peer = PrefixListReference{list_ids.at(below(list_ids.size()))};
    auto& all = rules(policy, group, direction);
    const std::string id = derive_rule_id(group_ids.at(group), direction, kind, peer);
    if (std::none_of(all.begin(), all.end(), [&id](const SecurityGroupRule& rule) { return rule.id == id; }))
      all.push_back({id, kind, peer, {}, {}});
  }

  void add_entry(Policy& policy, std::size_t acl, Direction direction) {
    NetworkAclEntry entry;
    const Family family = families.at(below(2));
    entry.number = static_cast<std::uint16_t>(1 + below(20));
    entry.action = one_in(3) ? Action::deny : Action::allow;
    entry.traffic = traffic(family);
    entry.cidr = prefix(family);
    auto& all = entries(policy, acl, direction);
    std::erase_if(all, [&entry](const NetworkAclEntry& one) { return one.number == entry.number; });
    all.push_back(entry);
  }

  void entries_of(PrefixList& list, Family family) {
    list.entries.clear();
    for (std::size_t count = below(4); count > 0; --count) {
      const Prefix cidr = prefix(family);
      const bool known = std::any_of(list.entries.begin(), list.entries.end(),
                                     [&cidr](const PrefixListEntry& entry) { return entry.cidr == cidr; });
      if (!known) list.entries.push_back({cidr, {}, {}});
    }
  }

  // One to three addresses; now and then a delegated prefix, or a gateway.
  void add_interface(Policy& policy, std::size_t number) {
    const std::string name = interface_names.at(number);
    if (std::any_of(policy.interfaces.begin(), policy.interfaces.end(),
                    [&name](const Interface& one) { return one.name == name; }))
      return;
    const std::size_t place = below(2);
    const Subnet& subnet = policy.subnets.at(place);
    Interface interface;
    interface.id = "eni-0" + std::to_string(number);
    interface.name = name;
    interface.subnet = subnet.id;
    const auto offset = static_cast<std::uint32_t>(4 + 2 * number);
    if (!one_in(5)) interface.addresses.push_back(host_prefix(advance(subnet.cidr->base, offset)));
    if (interface.addresses.empty() || !one_in(5))
      interface.addresses.push_back(host_prefix(advance(subnet.ipv6_cidr->base, offset)));
    if (one_in(3)) interface.addresses.push_back(host_prefix(advance(subnet.cidr->base, offset + 1)));
    if (number == 3 && one_in(2))
      interface.addresses.push_back(make_prefix(advance(subnet.cidr->base, 12), 31));
    interface.source_dest_check = !one_in(4);
    if (one_in(10)) {
      interface.type = one_in(2) ? Interface::Type::nat_gateway : Interface::Type::transit_gateway;
      interface.source_dest_check = false;
    } else {
      interface.security_groups.emplace_back(group_ids.at(below(group_ids.size())));
      const std::string second = group_ids.at(below(group_ids.size()));
      if (second != interface.security_groups.front()) interface.security_groups.push_back(second);
    }
    policy.interfaces.push_back(std::move(interface));
  }

  std::mt19937_64& random_;
  PortSpace ports_;
};

}  // namespace

PortSpace random_ports(std::mt19937_64& random) {
  constexpr std::array<std::uint16_t, 4> bases{0, 64, 544, 1000};
  return {bases.at(random() % bases.size())};
}

Policy random_policy(std::mt19937_64& random, PortSpace ports) {
  for (;;) {
    Policy policy = Builder(random, ports).build();
    if (!has_errors(validate(policy))) return policy;
  }
}

Policy changed(const Policy& policy, std::mt19937_64& random, PortSpace ports) {
  for (;;) {
    Policy other = policy;
    Builder builder(random, ports);
    for (std::size_t count = 1 + builder.below(4); count > 0 && !other.interfaces.empty(); --count)
      builder.change(other);
    if (!has_errors(validate(other))) return other;
  }
}

}  // namespace vpcwall::brute_force

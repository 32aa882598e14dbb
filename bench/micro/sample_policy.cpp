#include "sample_policy.h"

#include <random>

#include "support/policies.h"

namespace vpcwall::bench {
namespace {

// Documentation and benchmarking ranges are too small for 100,000 prefixes; these addresses never leave the
// process.
Prefix list_prefix(std::size_t index) {
  const std::uint64_t network = (std::uint64_t{1} << 24U) + index * 613 % (std::uint64_t{200} << 16U);
  return make_prefix({network << 40U, 0, Family::ipv4}, static_cast<std::uint8_t>(20 + index % 5));
}

Prefix other_peer(std::size_t index) {
  return make_prefix({(std::uint64_t{172} << 56U) + (std::uint64_t{16 + index % 16} << 48U) +
                          (std::uint64_t{index / 16} << 40U),
                      0, Family::ipv4},
                     static_cast<std::uint8_t>(16 + index % 17));
}

Traffic tcp_ports(std::size_t first, std::size_t last) {
  Traffic traffic;
  traffic.protocol = Protocol::tcp;
  traffic.ports = {static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)};
  return traffic;
}

constexpr Prefix anyone{{0, 0, Family::ipv4}, 0};

void add_entries(std::vector<NetworkAclEntry>& entries, std::size_t count, Direction direction) {
  entries.clear();
  for (std::size_t i = 0; i + 1 < count; ++i) {
    NetworkAclEntry entry;
    entry.number = static_cast<std::uint16_t>(i + 1);
    entry.action = i % 2 == 0 ? Action::deny : Action::allow;
    entry.traffic = tcp_ports(10'000 + i % 20'000, 10'000 + i % 20'000);
    entry.cidr = i % 4 == 0 ? anyone : other_peer(i);
    entries.push_back(entry);
  }
  NetworkAclEntry last;
  last.number = static_cast<std::uint16_t>(count);
  last.action = Action::allow;
  last.traffic = direction == Direction::ingress ? tcp_ports(1, 9999) : Traffic{};
  last.cidr = anyone;
  entries.push_back(last);
}

// Three of four rules are for other peers, the fourth for everyone and another port.
void add_rules(SecurityGroup& group, std::size_t count) {
  group.ingress.clear();
  for (std::size_t i = 0; i < count; ++i) {
    SecurityGroupRule rule;
    rule.id = "sgr-" + group.name + '-' + std::to_string(i);
    rule.traffic = tcp_ports(20'000 + 3 * i, 20'001 + 3 * i);
    rule.peer = i % 4 == 0 ? Peer{anyone} : Peer{other_peer(i)};
    group.ingress.push_back(rule);
  }
}

}  // namespace

Policy sample_policy(const Size& size) {
  Policy policy = test::small_vpc("  - {name: web, ingress: [], egress: []}");
  add_entries(policy.network_acls.front().ingress, size.entries, Direction::ingress);
  add_entries(policy.network_acls.front().egress, size.entries, Direction::egress);
  Interface& web = policy.interfaces.front();
  web.security_groups.clear();
  for (std::size_t i = 0; i < size.groups; ++i) {
    SecurityGroup group;
    group.name = "group-" + std::to_string(i);
    group.id = "sg-" + std::to_string(i);
    add_rules(group, size.rules);
    web.security_groups.push_back(group.id);
    policy.security_groups.push_back(std::move(group));
  }
  SecurityGroup& last = policy.security_groups.back();
  if (size.list_entries > 0) {
    PrefixList list;
    list.id = list.name = "pl-many";
    for (std::size_t i = 0; i < size.list_entries; ++i) list.entries.push_back({list_prefix(i), {}, {}});
    policy.prefix_lists.push_back(std::move(list));
    SecurityGroupRule rule;
    rule.id = "sgr-list";
    rule.traffic = tcp_ports(list_port, list_port);
    rule.peer = PrefixListReference{"pl-many"};
    last.ingress.push_back(rule);
  }
  SecurityGroupRule open;
  open.id = "sgr-open";
  open.traffic = tcp_ports(open_port, open_port);
  open.peer = make_prefix(test::ip("203.0.113.0"), 24);
  last.ingress.push_back(open);
  return policy;
}

std::vector<Packet> new_connections(std::size_t count, std::uint16_t port) {
  std::mt19937_64 random(1);
  std::vector<Packet> packets(count, test::packet_of("tcp S 203.0.113.12:40000 > 10.0.1.10:443"));
  for (Packet& packet : packets) {
    packet.source = advance(test::ip("203.0.113.0"), static_cast<std::uint32_t>(random() % 256));
    packet.source_port = static_cast<std::uint16_t>(1024 + random() % 60'000);
    packet.destination_port = port;
  }
  return packets;
}

std::vector<Packet> connections_from_list(const Size& size, std::size_t count) {
  std::mt19937_64 random(2);
  std::vector<Packet> packets = new_connections(count, list_port);
  for (Packet& packet : packets)
    packet.source =
        advance(list_prefix(random() % size.list_entries).base, static_cast<std::uint32_t>(random() % 256));
  return packets;
}

}  // namespace vpcwall::bench

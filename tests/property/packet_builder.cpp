#include "property/packet_builder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "property/edges.h"

namespace vpcwall::property {
namespace {

constexpr std::array<std::uint8_t, 16> icmp4_types{8, 0, 13, 14, 15, 16, 17, 18, 3, 11, 12, 5, 4, 9, 10, 30};
constexpr std::array<std::uint8_t, 16> icmp6_types{128, 129, 1,   2,   3,   4,   133, 134,
                                                   135, 136, 137, 130, 131, 132, 143, 138};
constexpr std::array<std::uint16_t, 4> identifiers{1, 2, 65535, 0};
constexpr std::array<std::uint8_t, 8> hop_limits{64, 64, 64, 255, 1, 254, 2, 0};

Protocol icmp_of(Family family) noexcept {
  return family == Family::ipv4 ? Protocol::icmp : Protocol::icmpv6;
}

// What a rule, an entry or nobody says about the packet that is to be made.
struct Target {
  IpAddress peer;
  std::optional<Traffic> traffic;
};

// The IP header alone.
Packet stripped(const Packet& whole) {
  Packet packet;
  packet.source = whole.source;
  packet.destination = whole.destination;
  packet.length = whole.length;
  return packet;
}

// SYN first: zero opens a connection.
TcpFlags some_flags(Choices& choices) {
  constexpr std::array<std::uint8_t, 16> bytes{0x02, 0x10, 0x12, 0x18, 0x11, 0x04, 0x14, 0x01,
                                               0x00, 0x03, 0x06, 0x42, 0x20, 0x13, 0x29, 0x3f};
  return TcpFlags::from_byte(choices.of(bytes));
}

const Interface* interface_named(const Policy& policy, const std::string& name) {
  const auto found = std::find_if(policy.interfaces.begin(), policy.interfaces.end(),
                                  [&](const Interface& one) { return one.name == name; });
  return found == policy.interfaces.end() ? nullptr : &*found;
}

bool has_leaving_side(const std::vector<PathSide>& path) {
  return std::any_of(path.begin(), path.end(),
                     [](const PathSide& side) { return side.direction == Direction::egress; });
}

// Mostly from where its source belongs.
Origin place(unsigned choice, const std::vector<PathSide>& path) {
  if (choice < 192) return Origin::believed;
  constexpr std::array<Origin, 6> others{Origin::uplink,  Origin::services, Origin::interface,
                                         Origin::unknown, Origin::uplink,   Origin::host};
  const Origin from = others.at(choice % others.size());
  return from == Origin::interface && !has_leaving_side(path) ? Origin::unknown : from;
}

class PacketBuilder {
 public:
  PacketBuilder(const Policy& policy, Choices& choices) : policy_(policy), choices_(choices) {}

  Send build() {
    Packet& packet = send_.packet;
    if (policy_.interfaces.empty()) {
      const Family family = choices_.below(2) == 0 ? Family::ipv4 : Family::ipv6;
      packet.source = choices_.of(edge_addresses(family));
      packet.destination = choices_.of(edge_addresses(family));
      send_.from = place(choices_.number(), send_.path);
      transport({});
      return std::move(send_);
    }
    const Interface& own = choices_.of(policy_.interfaces);
    const Direction direction = choices_.below(2) == 0 ? Direction::ingress : Direction::egress;
    const Target target = this->target(own, direction);
    packet.source = target.peer;
    packet.destination = local(own, target.peer.family);
    if (direction == Direction::egress) std::swap(packet.source, packet.destination);
    path(own, direction);
    send_.from = place(choices_.number(), send_.path);
    transport(target.traffic);
    to_itself();
    return std::move(send_);
  }

 private:
  Target target(const Interface& own, Direction direction) {
    const unsigned aim = choices_.below(16);
    const unsigned which = choices_.number(), other = choices_.number(), edge = choices_.number();
    if (aim < 7) {
      if (auto found = rule_target(own, direction, which, other, edge)) return *found;
    } else if (aim == 7) {
      if (auto found = rule_target(own, opposite(direction), which, other, edge)) return *found;
    } else if (aim < 10) {
      if (auto found = entry_target(own, direction, which, edge)) return *found;
    } else if (aim < 13) {
      const std::size_t step = 1 + which % policy_.interfaces.size();  // rather a neighbour than itself
      const auto index = static_cast<std::size_t>(&own - policy_.interfaces.data());
      return {address_of(policy_.interfaces[(index + step) % policy_.interfaces.size()], other, edge), {}};
    }
    const Family family = aim % 2 == 0 ? Family::ipv6 : Family::ipv4;
    const auto prefixes = edge_prefixes(family);
    if (edge % 4 == 3) return {edge_of(prefixes[which % prefixes.size()], other), {}};
    const auto addresses = edge_addresses(family);
    return {addresses[which % addresses.size()], {}};
  }

  std::optional<Target> rule_target(const Interface& own, Direction direction, unsigned which, unsigned other,
                                    unsigned edge) const {
    std::vector<const SecurityGroupRule*> rules;
    for (const SecurityGroup& group : policy_.security_groups)
      if (std::count(own.security_groups.begin(), own.security_groups.end(), group.id) > 0)
        for (const SecurityGroupRule& rule : group.rules(direction)) rules.push_back(&rule);
    if (rules.empty()) return std::nullopt;
    const SecurityGroupRule& rule = *rules[other % rules.size()];
    const auto address = peer_address(own, rule.peer, which, edge);
    return address ? std::optional(Target{*address, rule.traffic}) : std::nullopt;
  }

  [[nodiscard]] std::optional<IpAddress> peer_address(const Interface& own, const Peer& peer, unsigned which,
                                                      unsigned edge) const {
    if (const auto* prefix = std::get_if<Prefix>(&peer)) return address_in(*prefix, which, edge);
    if (const auto* group = std::get_if<GroupReference>(&peer)) {
      std::vector<const Interface*> members;
      for (const Interface& interface : policy_.interfaces)  // a host that talks to itself meets no gate
        if ((&interface != &own || which % 16 == 15) &&
            std::count(interface.security_groups.begin(), interface.security_groups.end(), group->id) > 0)
          members.push_back(&interface);
      if (members.empty()) return std::nullopt;
      return address_of(*members[which / 5 % members.size()], which, edge);
    }
    for (const PrefixList& list : policy_.prefix_lists)
      if (list.id == std::get<PrefixListReference>(peer).id && !list.entries.empty())
        return address_in(list.entries[which % list.entries.size()].cidr, which, edge);
    return std::nullopt;
  }

  std::optional<Target> entry_target(const Interface& own, Direction direction, unsigned which,
                                     unsigned edge) const {
    for (const Subnet& subnet : policy_.subnets)
      for (const NetworkAcl& acl : policy_.network_acls) {
        const auto& entries = acl.entries(direction);
        if (subnet.id != own.subnet || acl.id != subnet.network_acl || entries.empty()) continue;
        const NetworkAclEntry& entry = entries[which % entries.size()];
        return Target{address_in(entry.cidr, which, edge), entry.traffic};
      }
    return std::nullopt;
  }

  // Of a wide prefix rather a place that others know as well than its edge.
  static IpAddress address_in(const Prefix& prefix, unsigned which, unsigned edge) {
    const auto known = edge_addresses(prefix.base.family);
    const IpAddress& address = known[which / 7 % 4];
    return prefix.contains(address) && edge % 8 < 6 ? address : edge_of(prefix, edge);
  }

  // One of an interface's addresses; of a delegated prefix an edge.
  static IpAddress address_of(const Interface& interface, unsigned which, unsigned edge) {
    const Prefix& prefix = interface.addresses[which % interface.addresses.size()];
    return prefix.is_host() ? prefix.base : edge_of(prefix, edge);
  }

  // Mostly the interface's own; now and then somebody else's, which the source/destination check looks at.
  IpAddress local(const Interface& own, Family family) {
    const unsigned choice = choices_.number();
    const auto addresses = edge_addresses(family);
    std::vector<Prefix> mine;
    for (const Prefix& prefix : own.addresses)
      if (prefix.base.family == family) mine.push_back(prefix);
    foreign_ = mine.empty() || choice % 16 == 15;
    if (foreign_ && choice % 32 == 15) return edge_of(edge_prefixes(family)[choice / 16], choice / 32);
    if (foreign_) return addresses[choice / 16 * 3 % addresses.size()];
    const Prefix& prefix = mine[choice / 16 % mine.size()];
    return prefix.is_host() ? prefix.base : edge_of(prefix, choice);
  }

  void path(const Interface& own, Direction direction) {
    const unsigned choice = choices_.below(16);
    // What claims an address of nobody would else meet no gate.
    if (choice < (foreign_ ? 2 : 12)) return;
    send_.path.push_back({direction, own.name});
    const Interface& other = policy_.interfaces[choices_.number() % policy_.interfaces.size()];
    const auto gateway = [](const Interface& one) { return one.type != Interface::Type::interface; };
    if (choice == 15 || (choice == 14 && (gateway(own) || gateway(other))))
      send_.path.push_back({opposite(direction), other.name});
  }

  // What a middlebox sends and gets back under one and the same tuple.
  void to_itself() {
    if (send_.path.size() < 2 || send_.path[0].interface != send_.path[1].interface) return;
    if (choices_.below(4) != 3) return;
    send_.packet.source = send_.packet.destination;
    send_.packet.source_port = send_.packet.destination_port;
  }

  void transport(const std::optional<Traffic>& traffic) {
    Packet& packet = send_.packet;
    packet.length = 60;
    packet.hop_limit = 64;
    const unsigned choice = choices_.below(16);
    const bool as_said = traffic && traffic->protocol && choice < 13;
    constexpr std::array<Protocol, 8> common{Protocol::tcp, Protocol::tcp,  Protocol::udp, Protocol::tcp,
                                             Protocol::udp, Protocol::icmp, Protocol::tcp, Protocol::udp};
    packet.protocol = as_said ? *traffic->protocol : common.at(choice % 8);
    if (!as_said && choice == 5) packet.protocol = icmp_of(packet.family());
    if (!as_said && choice == 9) packet.protocol = choices_.of(other_protocols);
    if (has_ports(packet.protocol)) {
      ports(traffic);
    } else if (packet.protocol == icmp_of(packet.family())) {
      icmp(as_said ? traffic : std::nullopt);
    }
    damage();
  }

  void ports(const std::optional<Traffic>& traffic) {
    Packet& packet = send_.packet;
    packet.transport = Transport::whole;
    const unsigned port = choices_.number(), client = choices_.number();
    packet.destination_port = edge_ports.at(port / 8 % edge_ports.size());
    if (traffic && !traffic->ports.is_all() && port % 8 < 7)
      packet.destination_port = port % 2 == 0 ? beside(traffic->ports.first, port / 16 % 8 < 3 ? 2 : 0)
                                              : beside(traffic->ports.last, port / 16 % 8 < 3 ? 1 : 0);
    packet.source_port = client_ports.at(client % client_ports.size());
    if (packet.protocol == Protocol::tcp)
      packet.tcp_flags = client < 192 ? TcpFlags::from_byte(0x02) : some_flags(choices_);
    if (packet.protocol == Protocol::udp && client % 16 == 15) dhcp(client / 16);
  }

  // E-19, and its ports the wrong way round or of the other family.
  void dhcp(unsigned which) {
    constexpr std::array<std::pair<std::uint16_t, std::uint16_t>, 6> pairs{
        {{68, 67}, {67, 68}, {546, 547}, {547, 546}, {68, 68}, {546, 67}}};
    std::tie(send_.packet.source_port, send_.packet.destination_port) = pairs.at(which % pairs.size());
  }

  void icmp(const std::optional<Traffic>& traffic) {
    Packet& packet = send_.packet;
    packet.transport = Transport::whole;
    const unsigned type = choices_.number(), detail = choices_.number();
    const auto& types = packet.protocol == Protocol::icmp ? icmp4_types : icmp6_types;
    const bool as_said = traffic && traffic->icmp_type && type % 8 != 7;
    packet.icmp_type = as_said ? *traffic->icmp_type : types.at(type < 64 ? 0 : type % types.size());
    packet.icmp_code = static_cast<std::uint8_t>(detail / 16 % 16 < 10 ? 0 : detail % 5);
    if (traffic && traffic->icmp_code && detail % 4 != 3) packet.icmp_code = *traffic->icmp_code;
    if (is_icmp_query(packet.protocol, packet.icmp_type) || answered_query(packet.protocol, packet.icmp_type))
      packet.icmp_identifier = identifiers.at(detail % identifiers.size());
    packet.hop_limit = hop_limits.at(detail / 32);
  }

  // S-68, S-69: headers that end too early, and IPv6 headers that nobody can follow.
  void damage() {
    Packet& packet = send_.packet;
    const unsigned choice = choices_.below(32);
    if (choice < 30) return;
    const Packet whole = std::exchange(packet, stripped(packet));
    if (choice == 30 && whole.transport == Transport::whole) {
      packet.protocol = whole.protocol;
      packet.transport = Transport::cut;
    } else if (packet.family() == Family::ipv6) {
      packet.transport = Transport::lost;
    } else {
      packet = whole;
    }
  }

  const Policy& policy_;
  Choices& choices_;
  Send send_;
  bool foreign_ = false;  // the local address is not one of the interface's
};

std::uint8_t answer_to(Protocol protocol, std::uint8_t type) {
  if (protocol == Protocol::icmpv6) return type == 128 ? 129 : type;
  switch (type) {
    case 8: return 0;
    case 13: return 14;
    case 15: return 16;
    case 17: return 18;
    default: return type;
  }
}

QuotedPacket quote(const Packet& packet) {
  return {packet.source,      packet.destination,      packet.protocol,  packet.transport,
          packet.source_port, packet.destination_port, packet.icmp_type, packet.icmp_identifier};
}

// Sides that a changed policy no longer has take no part.
void drop_missing_sides(const Policy& policy, Send& send) {
  std::erase_if(send.path,
                [&](const PathSide& side) { return interface_named(policy, side.interface) == nullptr; });
  if (send.from == Origin::interface && !has_leaving_side(send.path)) send.from = Origin::unknown;
}

// An error quotes what it can read; what it cannot, it leaves zero, as the parser does.
void damage_quote(QuotedPacket& quoted, Transport transport) {
  quoted.transport = transport;
  quoted.source_port = quoted.destination_port = quoted.icmp_identifier = 0;
  quoted.icmp_type = 0;
}

}  // namespace

Send packet_for(const Policy& policy, Choices choices) { return PacketBuilder(policy, choices).build(); }

Send reply_to_sent(const Send& earlier, TcpFlags flags) {
  Send reply = earlier;
  reply.from = Origin::believed;
  Packet& packet = reply.packet;
  std::swap(packet.source, packet.destination);
  std::swap(packet.source_port, packet.destination_port);
  packet.quoted.reset();
  for (PathSide& side : reply.path) side.direction = opposite(side.direction);
  if (packet.transport != Transport::whole) return reply;
  if (packet.protocol == Protocol::tcp) packet.tcp_flags = flags;
  if (is_icmp(packet.protocol)) packet.icmp_type = answer_to(packet.protocol, packet.icmp_type);
  return reply;
}

Send packet_after(const Policy& policy, const Send& earlier, Choices choices) {
  const bool reply = choices.below(3) != 2;
  const TcpFlags flags = some_flags(choices);
  Send next = reply ? reply_to_sent(earlier, flags) : earlier;
  Packet& packet = next.packet;
  const bool whole = packet.transport == Transport::whole;
  if (packet.protocol == Protocol::tcp && whole) packet.tcp_flags = flags;
  const unsigned change = choices.below(32), value = choices.number();
  if (change == 31 && whole && has_ports(packet.protocol))
    packet.source_port = beside(packet.source_port, value);
  if (change == 30 && whole && has_ports(packet.protocol))
    packet.protocol = packet.protocol == Protocol::tcp ? Protocol::udp : Protocol::tcp, packet.tcp_flags = {};
  if (change == 29 && whole && packet.icmp_identifier != 0)
    packet.icmp_identifier = identifiers.at(value % 4);
  if (change == 28 && whole && is_icmp(packet.protocol) && packet.icmp_identifier != 0) {
    const auto& types = packet.protocol == Protocol::icmp ? icmp4_types : icmp6_types;
    packet.icmp_type = types.at(value % (packet.protocol == Protocol::icmp ? 8 : 2));
  }
  if (change == 27) packet.destination = edge_of(host_prefix(packet.destination), 3 + value % 2);
  if (change == 26) next.path.clear();
  if (change == 25) next.from = place(192 + value % 64, next.path);
  drop_missing_sides(policy, next);
  return next;
}

Send error_about(const Policy& policy, const Send& earlier, Choices choices) {
  constexpr std::array<std::pair<std::uint8_t, std::uint8_t>, 8> four{
      {{3, 4}, {3, 3}, {3, 4}, {11, 0}, {3, 4}, {12, 0}, {3, 1}, {5, 0}}};
  constexpr std::array<std::pair<std::uint8_t, std::uint8_t>, 8> six{
      {{2, 0}, {1, 4}, {2, 0}, {3, 0}, {2, 1}, {4, 0}, {1, 0}, {2, 0}}};
  Send error = reply_to_sent(earlier, {});
  Packet& packet = error.packet;
  const Family family = packet.family();
  packet = stripped(packet);
  packet.protocol = icmp_of(family);
  packet.transport = Transport::whole;
  std::tie(packet.icmp_type, packet.icmp_code) = choices.of(family == Family::ipv4 ? four : six);
  packet.quoted = quote(earlier.packet);

  const unsigned sender = choices.below(8), change = choices.below(32), value = choices.number();
  if (sender > 3) packet.source = edge_addresses(family)[value % edge_addresses(family).size()];
  if (sender == 7) std::swap(packet.source, packet.destination);
  QuotedPacket& quoted = *packet.quoted;
  const bool ports = has_ports(quoted.protocol) && quoted.transport == Transport::whole;
  if (change == 31 && quoted.transport == Transport::whole) damage_quote(quoted, Transport::cut);
  if (change == 30 && family == Family::ipv6) damage_quote(quoted, Transport::lost);
  if (change == 29) {
    std::swap(quoted.source, quoted.destination);
    std::swap(quoted.source_port, quoted.destination_port);
  }
  if (change == 28 && ports) quoted.destination_port = beside(quoted.destination_port, value);
  if (change == 27 && ports) quoted.source_port = beside(quoted.source_port, value);
  if (change == 26) quoted.destination = edge_addresses(family)[value % edge_addresses(family).size()];
  if (change == 25) packet.quoted.reset();
  if (change == 24) error.path.clear();
  drop_missing_sides(policy, error);
  return error;
}

}  // namespace vpcwall::property

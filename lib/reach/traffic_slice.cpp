#include "reach/traffic_slice.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <tuple>

namespace vpcwall {
namespace {

constexpr std::uint32_t type_size = 256;
constexpr std::uint32_t value_count = 65536;

// DHCP is exempt by both its ports (E-19).
constexpr PortRange dhcp4{67, 68};
constexpr PortRange dhcp6{546, 547};

bool is_whole_types(const TrafficSlice& slice) noexcept {
  return slice.first % type_size == 0 && slice.last % type_size == type_size - 1;
}

std::string numbers(std::uint32_t first, std::uint32_t last) {
  return first == last ? std::to_string(first) : std::to_string(first) + '-' + std::to_string(last);
}

}  // namespace

bool is_own_icmp(Family family, Protocol protocol) noexcept {
  return protocol == (family == Family::ipv4 ? Protocol::icmp : Protocol::icmpv6);
}

TrafficSpace traffic_space(Family family, std::span<const PolicyForms> policies) {
  std::bitset<256> named;
  const auto name = [&named](const CompiledTraffic& traffic) {
    if (!traffic.any_protocol) named.set(static_cast<std::size_t>(traffic.protocol));
  };
  for (const PolicyForms& policy : policies) {
    for (const CompiledAcl& acl : policy.compiled.acls)
      for (const auto& families : acl.lists)
        for (const CompiledEntry& entry : families[at(family)].entries) name(entry.traffic);
    for (const CompiledInterface& interface : policy.compiled.interfaces)
      for (const Direction direction : {Direction::ingress, Direction::egress})
        interface.each_rule(direction, family, [&](const CompiledRule& rule) { name(rule.traffic); });
  }
  TrafficSpace space{family, {}, {}, {}};
  const Protocol icmp = family == Family::ipv4 ? Protocol::icmp : Protocol::icmpv6;
  for (std::uint32_t type = 0; type < type_size; ++type)
    if (is_icmp_query(icmp, static_cast<std::uint8_t>(type)))
      space.queries.insert(space.queries.end(), {type * type_size, (type + 1) * type_size});
  for (unsigned number = 0; number < 256; ++number) {
    const auto protocol = Protocol{static_cast<std::uint8_t>(number)};
    if (has_ports(protocol) || is_own_icmp(family, protocol)) continue;
    (named[number] ? space.named : space.unnamed).push_back(protocol);
  }
  return space;
}

SliceCuts::SliceCuts(const TrafficSpace& space, PortRange client_ports)
    : space_(space), client_ports_(client_ports), icmp_(space.queries) {
  if (!looks_at_client(Protocol::udp)) return;
  const PortRange& dhcp = space.family == Family::ipv4 ? dhcp4 : dhcp6;
  for (std::uint32_t port = dhcp.first; port <= dhcp.last + 1U; ++port) {
    udp_.push_back(port);
    udp_client_.push_back(port);
  }
}

void SliceCuts::add(const CompiledPolicy& policy, InterfaceIndex leaves, InterfaceIndex enters,
                    const IpAddress& source, const IpAddress& destination) {
  if (leaves != no_interface) add_side(policy, leaves, Direction::egress, destination);
  if (enters != no_interface) add_side(policy, enters, Direction::ingress, source);
}

void SliceCuts::add_side(const CompiledPolicy& policy, InterfaceIndex index, Direction request,
                         const IpAddress& peer) {
  const CompiledInterface& interface = policy.interfaces[index];
  const CompiledAcl& acl = policy.acls[policy.subnets[interface.subnet].acl];
  for (const Direction direction : {request, opposite(request)}) {
    interface.each_rule(direction, space_.family, [&](const CompiledRule& rule) {
      if (rule.matches_peer(peer)) add(rule.traffic, direction == request);
    });
    for (const CompiledEntry& entry : acl.lists[at(direction)][at(space_.family)].entries)
      if (entry.cidr.contains(peer)) add(entry.traffic, direction == request);
  }
}

void SliceCuts::add(const CompiledTraffic& traffic, bool of_request) {
  if (traffic.any_protocol) return;
  if (has_ports(traffic.protocol)) {
    Starts& starts = traffic.protocol == Protocol::tcp ? (of_request ? tcp_ : tcp_client_)
                                                       : (of_request ? udp_ : udp_client_);
    starts.push_back(traffic.ports.first);
    starts.push_back(traffic.ports.last + 1U);
  } else if (is_own_icmp(space_.family, traffic.protocol) && traffic.icmp_type >= 0) {
    const auto type = static_cast<std::uint8_t>(traffic.icmp_type);
    // An answer has the code of its query, so a rule about the answer tells queries apart.
    if (of_request)
      cut_icmp(type, traffic.icmp_code);
    else if (const auto query = answered_query(traffic.protocol, type))
      cut_icmp(*query, traffic.icmp_code);
  }
}

void SliceCuts::cut_icmp(std::uint8_t type, std::int16_t code) {
  const std::uint32_t first = type * type_size;
  icmp_.push_back(first);  // so that what is left of a type can be said as codes of one type
  icmp_.push_back(first + type_size);
  if (code < 0) return;
  icmp_.push_back(first + static_cast<std::uint32_t>(code));
  icmp_.push_back(first + static_cast<std::uint32_t>(code) + 1U);
}

std::vector<PortRange> SliceCuts::ranges(Starts& starts, PortRange within) {
  starts.push_back(within.first);
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  std::vector<PortRange> found;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    if (starts[i] < within.first || starts[i] > within.last) continue;
    const std::uint32_t end = i + 1 < starts.size() ? starts[i + 1] : value_count;
    found.push_back({static_cast<std::uint16_t>(starts[i]),
                     static_cast<std::uint16_t>(std::min<std::uint32_t>(end - 1, within.last))});
  }
  return found;
}

std::vector<TrafficSlice> SliceCuts::slices(std::optional<Protocol> only) {
  std::vector<TrafficSlice> all;
  if (only && is_icmp(*only) && !is_own_icmp(space_.family, *only))
    return all;  // who asks for icmp means IPv4's
  const auto add_ranges = [&](Protocol protocol, Starts& starts) {
    if (only && *only != protocol) return;
    for (const PortRange& range : ranges(starts, {}))
      all.push_back({protocol, range.first, range.last, false});
  };
  add_ranges(Protocol::tcp, tcp_);
  add_ranges(Protocol::udp, udp_);
  add_ranges(space_.family == Family::ipv4 ? Protocol::icmp : Protocol::icmpv6, icmp_);
  for (const Protocol protocol : space_.named)
    if (!only || *only == protocol) all.push_back({protocol, 0, 0, false});
  if (space_.unnamed.empty()) return all;
  // 253 is for experiments and nothing else; where a rule names it, the highest one that none names.
  const auto is_unnamed = [this](Protocol protocol) {
    return std::binary_search(space_.unnamed.begin(), space_.unnamed.end(), protocol);
  };
  if (!only)
    all.push_back({is_unnamed(Protocol{253}) ? Protocol{253} : space_.unnamed.back(), 0, 0, true});
  else if (is_unnamed(*only))
    all.push_back({*only, 0, 0, false});
  return all;
}

bool SliceCuts::looks_at_client(Protocol protocol) const noexcept {
  const PortRange& dhcp = space_.family == Family::ipv4 ? dhcp4 : dhcp6;
  return protocol == Protocol::udp && client_ports_.first <= dhcp.last && dhcp.first <= client_ports_.last;
}

std::vector<PortRange> SliceCuts::clients(Protocol protocol) {
  if (!has_ports(protocol)) return {{0, 0}};
  return ranges(protocol == Protocol::tcp ? tcp_client_ : udp_client_, client_ports_);
}

std::vector<PortRange> joined(std::vector<PortRange> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::vector<PortRange> whole;
  for (const PortRange& range : ranges) {
    if (!whole.empty() && whole.back().last + 1 == range.first)
      whole.back().last = range.last;
    else
      whole.push_back(range);
  }
  return whole;
}

bool extend(TrafficSlice& slice, const TrafficSlice& next, Family family) noexcept {
  if (slice.protocol != next.protocol || slice.unnamed || next.unnamed || slice.last + 1 != next.first)
    return false;
  if (!has_ports(slice.protocol) && !is_own_icmp(family, slice.protocol)) return false;
  const bool one_type = slice.first / type_size == next.last / type_size;
  if (is_own_icmp(family, slice.protocol) && !one_type && !(is_whole_types(slice) && is_whole_types(next)))
    return false;
  slice.last = next.last;
  return true;
}

std::vector<TrafficSlice> ordered_slices(std::vector<TrafficSlice> slices, Family family) {
  const auto rank = [family](const TrafficSlice& slice) {
    if (slice.protocol == Protocol::tcp) return 0;
    if (slice.protocol == Protocol::udp) return 1;
    if (is_own_icmp(family, slice.protocol)) return 2;
    return slice.unnamed ? 4 : 3;
  };
  std::sort(slices.begin(), slices.end(), [&rank](const TrafficSlice& a, const TrafficSlice& b) {
    return std::tuple(rank(a), a.protocol, a.first) < std::tuple(rank(b), b.protocol, b.first);
  });
  std::vector<TrafficSlice> whole;
  for (const TrafficSlice& slice : slices) {
    TrafficSlice next = slice;
    // Codes that make a type whole may make the types before it longer.
    while (!whole.empty() && extend(whole.back(), next, family)) {
      next = whole.back();
      whole.pop_back();
    }
    whole.push_back(next);
  }
  return whole;
}

std::string describe(const TrafficSlice& slice, Family family) {
  if (slice.unnamed) return "other protocols";
  const std::string name = to_string(slice.protocol);
  if (!has_ports(slice.protocol) && !is_own_icmp(family, slice.protocol))
    return "protocol " + std::to_string(unsigned{static_cast<std::uint8_t>(slice.protocol)});
  const PortRange values{slice.first, slice.last};
  if (values.is_all()) return name + " all";
  if (has_ports(slice.protocol)) return name + ' ' + to_string(values);
  std::string types = name + " type " + numbers(slice.first / type_size, slice.last / type_size);
  if (is_whole_types(slice)) return types;
  return types + " code " + numbers(slice.first % type_size, slice.last % type_size);
}

std::string describe(std::span<const TrafficSlice> slices, const TrafficSpace& space) {
  std::string text, said;  // what was said last, up to its numbers
  std::size_t whole = 0;
  for (const TrafficSlice& slice : slices) {
    const std::string one = describe(slice, space.family);
    const std::string name = one.substr(0, one.find_last_of(' ') + 1);
    if (text.empty())
      text = one;
    else
      text += name == said ? ", " + one.substr(name.size()) : "; " + one;
    said = slice.unnamed ? std::string{} : name;
    const bool in_parts = has_ports(slice.protocol) || is_own_icmp(space.family, slice.protocol);
    whole += !in_parts || PortRange{slice.first, slice.last}.is_all() ? 1U : 0U;
  }
  const std::size_t everything = 3 + space.named.size() + (space.unnamed.empty() ? 0 : 1);
  return whole == everything ? "all" : text;
}

std::string describe(std::span<const PortRange> ports) {
  std::string text;
  for (const PortRange& range : ports) text += (text.empty() ? "" : ", ") + to_string(range);
  return text;
}

std::string describe_clients(std::span<const PortRange> clients, PortRange all) {
  if (clients.empty() || (clients.size() == 1 && clients.front() == all)) return {};
  return " from client ports " + describe(clients);
}

Packet witness_packet(const TrafficSlice& slice, const IpAddress& source, const IpAddress& destination,
                      PortRange client_ports) {
  // What people know best of a range, as long as it lies in it.
  constexpr std::array<std::uint16_t, 5> known_ports{443, 80, 22, 53, 1};
  constexpr std::array<std::uint16_t, 2> client_ports_known{40000, 1024};
  constexpr std::array<std::uint16_t, 2> echo_requests{8 * type_size, 128 * type_size};
  const auto pick = [](PortRange range, std::span<const std::uint16_t> known) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&range](std::uint16_t value) { return range.contains(value); });
    return found != known.end() ? *found : range.first;
  };
  Packet packet;
  packet.source = source;
  packet.destination = destination;
  packet.protocol = slice.protocol;
  packet.length = 60;
  if (has_ports(slice.protocol)) {
    packet.transport = Transport::whole;
    packet.source_port = pick(client_ports, client_ports_known);
    packet.destination_port = pick({slice.first, slice.last}, known_ports);
    packet.tcp_flags.syn = slice.protocol == Protocol::tcp;
  } else if (is_own_icmp(source.family, slice.protocol)) {
    const std::uint16_t value = pick({slice.first, slice.last}, echo_requests);
    packet.transport = Transport::whole;
    packet.icmp_type = static_cast<std::uint8_t>(value / type_size);
    packet.icmp_code = static_cast<std::uint8_t>(value % type_size);
    packet.icmp_identifier = is_icmp_query(slice.protocol, packet.icmp_type) ? 1 : 0;
  }
  return packet;
}

}  // namespace vpcwall

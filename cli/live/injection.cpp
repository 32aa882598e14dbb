#include "cli/live/injection.h"

#include <algorithm>

namespace vpcwall {
namespace {

// E-9, E-16: the Time Sync service, whose packets no gate ever stops.
constexpr const char* exempt_ipv4 = "169.254.169.123";
constexpr const char* exempt_ipv6 = "fd00:ec2::123";
constexpr std::size_t internet = 0;

const Interface* guarded_at(const Policy& policy, std::string_view name) {
  for (const Interface& interface : policy.interfaces)
    if (interface.name == name || interface.id == name) return &interface;
  return nullptr;
}

bool lies_in_subnet(const Policy& policy, const IpAddress& address) {
  return std::any_of(policy.subnets.begin(), policy.subnets.end(), [&](const Subnet& subnet) {
    return (subnet.cidr && subnet.cidr->contains(address)) ||
           (subnet.ipv6_cidr && subnet.ipv6_cidr->contains(address));
  });
}

constexpr Prefix link_local_ipv6{{0xfe80ULL << 48U, 0, Family::ipv6}, 10};

std::size_t endpoint_of(const LabPlan& plan, std::string_view interface) {
  for (std::size_t i = 1; i < plan.endpoints.size(); ++i)
    if (plan.endpoints[i].interface == interface) return i;
  return internet;
}

std::size_t owner_of(const LabPlan& plan, const IpAddress& address) {
  for (std::size_t i = 1; i < plan.endpoints.size(); ++i)
    for (const Prefix& own : plan.endpoints[i].addresses)
      if (own.contains(address)) return i;
  return internet;
}

std::string_view side(const PacketStep& step, Direction direction) {
  for (const PathSide& one : step.path)
    if (one.direction == direction) return one.interface;
  return {};
}

IpAddress address_of(const Interface& interface, Family family) {
  for (const Prefix& address : interface.addresses)
    if (address.is_host() && address.base.family == family) return address.base;
  return interface.addresses.front().base;
}

// Where a packet with this source belongs. Hosts that no interface of the policy stands for, and the router's
// own addresses, are where the services are: the daemon accepts them from there and not from the uplink.
std::size_t home_of(const Policy& policy, const LabPlan& plan, const IpAddress& source) {
  const std::size_t owner = owner_of(plan, source);
  if (owner != internet) return owner;
  const bool inside = lies_in_subnet(policy, source) || link_local_ipv6.contains(source);
  return inside ? services_of(plan) : internet;
}

Packet marker_packet(const IpAddress& source, const IpAddress& destination, std::uint16_t port) {
  Packet packet;
  packet.source = source;
  packet.destination = destination;
  packet.protocol = Protocol::udp;
  packet.transport = Transport::whole;
  packet.source_port = port;
  packet.destination_port = port;
  packet.length = 40 + 8 + 4;
  return packet;
}

bool is_multicast(const IpAddress& address) noexcept {
  return address.family == Family::ipv4 ? address.high >> 60U == 14 : address.high >> 56U == 0xffU;
}
bool is_broadcast(const IpAddress& address) noexcept {
  return address.family == Family::ipv4 && address.high >> 32U == 0xffffffffU;
}
bool is_unspecified(const IpAddress& address) noexcept { return address.high == 0 && address.low == 0; }
bool is_loopback(const IpAddress& address) noexcept {
  return address.family == Family::ipv4 ? address.high >> 56U == 127 : address.high == 0 && address.low == 1;
}

}  // namespace

Injection plan_injection(const PacketStep& step, const Policy& policy, const LabPlan& plan,
                         std::uint16_t marker_port) {
  const Packet& packet = step.packet;
  std::size_t source = home_of(policy, plan, packet.source);
  if (step.from == Origin::uplink) source = internet;
  if (step.from == Origin::services) source = services_of(plan);
  const std::size_t destination = owner_of(plan, packet.destination);
  const auto is_guarded = [&](std::size_t endpoint) {
    const std::string& interface = plan.endpoints[endpoint].interface;
    return !interface.empty() && guarded_at(policy, interface) != nullptr;
  };
  Injection way;
  way.from = source;
  way.to = destination;
  if (!step.path.empty()) {
    const std::string_view leaving = side(step, Direction::egress);
    const std::string_view arriving = side(step, Direction::ingress);
    // One side only: the other end must be nobody that the daemon guards.
    way.from = !leaving.empty() ? endpoint_of(plan, leaving) : is_guarded(source) ? internet : source;
    way.to = !arriving.empty()         ? endpoint_of(plan, arriving)
             : is_guarded(destination) ? internet
                                       : destination;
  }
  way.needs_route = way.to != destination;

  if (policy.interfaces.empty()) {
    // Exempt all the same (O-20): what a service sends to an address of a subnet.
    const bool inward = lies_in_subnet(policy, packet.destination);
    const IpAddress& inside = inward ? packet.destination : packet.source;
    way.marker = marker_packet(*parse_address(inside.family == Family::ipv4 ? exempt_ipv4 : exempt_ipv6),
                               inside, marker_port);
    way.marker_from = services_of(plan);
    way.marker_to = owner_of(plan, inside);
    return way;
  }
  const auto marker_side = [&](std::size_t endpoint) {
    return guarded_at(policy, plan.endpoints[endpoint].interface);
  };
  const bool arrives = is_guarded(way.to);
  const bool leaves = is_guarded(way.from);
  const Interface* guarded = arrives  ? marker_side(way.to)
                             : leaves ? marker_side(way.from)
                                      : &policy.interfaces.front();
  Family family = packet.family();
  if (address_of(*guarded, family).family != family)
    family = family == Family::ipv4 ? Family::ipv6 : Family::ipv4;
  const IpAddress own = address_of(*guarded, family);
  const IpAddress service = *parse_address(family == Family::ipv4 ? exempt_ipv4 : exempt_ipv6);
  const std::size_t endpoint = endpoint_of(plan, guarded->name.empty() ? guarded->id : guarded->name);
  const bool outward = leaves && !arrives;
  way.marker = outward ? marker_packet(own, service, marker_port) : marker_packet(service, own, marker_port);
  way.marker_from = outward ? endpoint : services_of(plan);
  way.marker_to = outward ? services_of(plan) : endpoint;
  return way;
}

bool leaves_unlisted_side_out(const PacketStep& step, const Policy& policy) {
  if (step.path.size() != 1) return false;
  const bool arriving = step.path.front().direction == Direction::ingress;
  const IpAddress& other = arriving ? step.packet.source : step.packet.destination;
  const bool listed =
      std::any_of(policy.interfaces.begin(), policy.interfaces.end(), [&](const Interface& interface) {
        return std::any_of(interface.addresses.begin(), interface.addresses.end(),
                           [&](const Prefix& own) { return own.contains(other); });
      });
  return !listed && lies_in_subnet(policy, other);
}

std::optional<std::string> why_not_forwarded(const PacketStep& step) {
  const Packet& packet = step.packet;
  const bool own_way = step.path.size() == 2 && step.path[0].interface == step.path[1].interface;
  if (own_way || is_loopback(packet.source) || is_loopback(packet.destination))
    return "a host that talks to itself sends nothing to a router";
  if (is_unspecified(packet.source)) return "no router forwards packets from the unspecified address";
  if (is_broadcast(packet.destination)) return "no router forwards limited broadcast";
  if (is_multicast(packet.destination))
    return "a router forwards multicast only with a multicast routing daemon";
  // The forwarding kernel takes one off before its hooks see the packet (E-21 asks for 255).
  if (packet.hop_limit == 255) return "a router never hands on a hop limit of 255";
  if (packet.hop_limit <= 1) return "a router does not forward a hop limit of 1";
  return std::nullopt;
}

std::optional<std::string> why_not_on_a_host(const PacketStep& step) {
  if (step.from == Origin::uplink)
    return "a host has one wire, and by that the services are reached: nothing comes from anywhere else";
  if (is_unspecified(step.packet.source))
    return "a kernel neither takes a packet from the unspecified address nor lets a program send one past "
           "its hooks";
  return std::nullopt;
}

std::optional<std::string> host_of(const Scenario& scenario) {
  if (scenario.policy.interfaces.size() != 1) return std::nullopt;
  const bool needed = std::any_of(scenario.steps.begin(), scenario.steps.end(), [](const ScenarioStep& step) {
    const auto* check = std::get_if<PacketCheck>(&step.what);
    return check != nullptr && why_not_forwarded(check->injected);
  });
  if (!needed) return std::nullopt;
  const Interface& only = scenario.policy.interfaces.front();
  return only.name.empty() ? only.id : only.name;
}

}  // namespace vpcwall

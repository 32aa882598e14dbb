#include "twin/twin.h"

#include <stdexcept>
#include <utility>

#include "twin/address.h"
#include "twin/exemptions.h"
#include "twin/group_rules.h"
#include "twin/network_acl.h"
#include "twin/security_groups.h"

namespace vpcwall::twin {
namespace {

const Interface& interface_called(const Policy& policy, const std::string& name) {
  for (const Interface& interface : policy.interfaces)
    if (interface.name == name || interface.id == name) return interface;
  throw std::invalid_argument("no interface is called " + name);
}

const Subnet& subnet_of(const Policy& policy, const Interface& interface) {
  for (const Subnet& subnet : policy.subnets)
    if (subnet.id == interface.subnet) return subnet;
  throw std::invalid_argument("interface " + interface.name + " has no subnet");
}

const Interface* interface_with(const Policy& policy, const IpAddress& address) {
  for (const Interface& interface : policy.interfaces)
    if (belongs_to(address, interface)) return &interface;
  return nullptr;
}

// N-10, O-4: by the addresses alone.
bool crosses_boundary(const Packet& packet, const Subnet& subnet) {
  return !lies_in(packet.source, subnet) || !lies_in(packet.destination, subnet);
}

// D-2, D-4. Which groups an interface has joined and which link-local address it made for itself is not
// written anywhere: every one of them counts as its own. Limited broadcast is DHCP's, which is exempt (E-19).
bool passes_source_dest_check(const Interface& interface, Direction direction, const Packet& packet) {
  if (!interface.source_dest_check) return true;  // D-3
  const bool out = direction == Direction::egress;
  const IpAddress& own = out ? packet.source : packet.destination;
  if (belongs_to(own, interface) || is_link_local_ipv6(own)) return true;
  return !out && is_multicast(own);  // received at, never sent from
}

GateAnswer acl_gate(const Subnet& subnet, Direction direction, const AclAnswer& answer) {
  return {direction == Direction::ingress ? "acl-ingress" : "acl-egress", subnet.name,
          answer.allow ? "allow" : "deny", answer.rule};
}

// S-68, S-69: an unreadable packet that an interface let out would have opened a flow there if it is one that
// does, and needs a second place when it comes in again.
std::size_t places_claimed(const std::vector<GateAnswer>& gates, const Interface& interface,
                           const Packet& packet) {
  const Datagram datagram = datagram_of(packet);
  if (!datagram.lost && !datagram.cut) return 0;
  std::size_t claimed = 0;
  for (const GateAnswer& gate : gates)
    if (gate.gate == "sg-egress" && gate.place == interface.name && gate.outcome == "no-state") ++claimed;
  return claimed;
}

GateAnswer group_gate(const Interface& interface, Direction direction, const GroupAnswer& answer) {
  return {direction == Direction::ingress ? "sg-ingress" : "sg-egress", interface.name, answer.outcome, ""};
}

}  // namespace

Twin::Twin(Policy policy) : policy_(std::move(policy)) {}

void Twin::reload(Policy policy, Duration at) {
  policy_ = std::move(policy);
  std::map<std::string, FlowTable> kept;
  for (const Interface& interface : policy_.interfaces) {
    FlowTable& table = kept[interface.id];
    for (const auto& [name, flow] : tables_[interface.id]) {
      const bool needs_state = !is_pair_open(policy_, interface, flow.direction, flow.original) ||
                               is_auto_tracked(policy_, flow.direction, flow.original);
      if (needs_state) table[name] = flow;  // C-25
    }
    forget_ended(table, at);
  }
  tables_ = kept;
}

Answer Twin::packet(const Packet& packet, const std::vector<Side>& path, Duration at, Origin from) {
  const std::vector<Stop> way = path.empty() ? way_by_address(packet) : way_by_name(path);
  if (!may_come(packet, from, way))  // before every other gate
    if (const std::string place = place_of_refusal(packet, way); !place.empty())
      return {false, {{"source-dest-check", place, "deny", ""}}};
  if (stays_on_its_host(packet, way)) return {true, {}};
  std::vector<Stop> judging;  // a packet may be exempt at one interface and not at the other
  for (const Stop& stop : way)
    if (!is_exempt(packet, stop.direction, stop.interface, from, policy_)) judging.push_back(stop);
  if (judging.empty() && !way.empty()) return {true, {{"exempt", "", "exempt", ""}}};
  Answer answer{true, {}};
  for (const Stop& stop : judging) {
    const bool crosses = !stays_in_subnet(way) && crosses_boundary(packet, *stop.subnet);
    if (stop.interface != nullptr)
      answer.accept = judge_side(stop, crosses, packet, at, answer.gates);
    else
      answer.accept = !crosses || judge_unlisted(stop, packet, answer.gates);
    if (!answer.accept) break;  // O-2
  }
  return answer;
}

// D-1 to D-6, E-16, E-17: what an address may claim depends on where the packet came from.
bool Twin::may_come(const Packet& packet, Origin from, const std::vector<Stop>& way) const {
  if (from == Origin::believed || stays_on_link(packet)) return true;
  const Interface* sender = nullptr;  // whose device it came by
  for (const Stop& stop : way)
    if (from == Origin::interface && stop.direction == Direction::egress) sender = stop.interface;
  if (is_service_address(packet.source, policy_)) return from == Origin::services || from == Origin::host;
  if (const Interface* owner = interface_with(policy_, packet.source)) {
    if (sender != nullptr) return owner == sender;
    if (!owner->device.empty()) return false;
    return from != Origin::uplink;
  }
  for (const Subnet& subnet : policy_.subnets) {
    if (!lies_in(packet.source, subnet)) continue;
    if (from == Origin::uplink) return false;
    if (sender != nullptr && sender->subnet != subnet.id) return false;
  }
  return true;
}

std::string Twin::place_of_refusal(const Packet& packet, const std::vector<Stop>& way) const {
  for (const Stop& stop : way)
    if (stop.direction == Direction::ingress && stop.interface != nullptr) return stop.interface->name;
  if (const Interface* claimed = interface_with(policy_, packet.source)) return claimed->name;
  for (const Stop& stop : way)
    if (stop.interface != nullptr) return stop.interface->name;
  if (!is_service_address(packet.destination, policy_))
    for (const Subnet& subnet : policy_.subnets)
      if (lies_in(packet.destination, subnet)) return subnet.name;
  for (const Subnet& subnet : policy_.subnets)
    if (lies_in(packet.source, subnet)) return subnet.name;
  return {};
}

// O-5: between two loopback addresses, or out of an interface and into the same one between two addresses of
// its own. One loopback address says nothing: who sends it over a wire has made it up.
bool Twin::stays_on_its_host(const Packet& packet, const std::vector<Stop>& way) {
  if (is_loopback(packet.source) && is_loopback(packet.destination)) return true;
  return way.size() == 2 && way[0].interface != nullptr && way[0].interface == way[1].interface &&
         belongs_to(packet.source, *way[0].interface) && belongs_to(packet.destination, *way[0].interface);
}

// Between a NAT gateway and who stands beside it in its subnet nothing crosses (O-10, O-3), nor does what a
// transit gateway delivers beside it (NX-11), whatever addresses it carries.
bool Twin::stays_in_subnet(const std::vector<Stop>& way) {
  if (way.size() != 2 || way[0].interface == nullptr || way[1].interface == nullptr) return false;
  if (way[0].subnet != way[1].subnet) return false;
  const Interface::Type from = way[0].interface->type, to = way[1].interface->type;
  return from == Interface::Type::nat_gateway || to == Interface::Type::nat_gateway ||
         from == Interface::Type::transit_gateway;
}

// The interface that has the address; else the subnet whose range it lies in, unless it is AWS's own (O-20,
// E-13, E-18).
void Twin::add_stop(std::vector<Stop>& way, Direction direction, const IpAddress& own) const {
  if (const Interface* interface = interface_with(policy_, own)) {
    way.push_back({direction, interface, &subnet_of(policy_, *interface)});
    return;
  }
  if (policy_.unlisted_addresses == UnlistedAddresses::pass || is_service_address(own, policy_)) return;
  for (const Subnet& subnet : policy_.subnets)
    if (lies_in(own, subnet)) way.push_back({direction, nullptr, &subnet});
}

// O-1: the sender's side before the receiver's.
std::vector<Twin::Stop> Twin::way_by_address(const Packet& packet) const {
  std::vector<Stop> way;
  add_stop(way, Direction::egress, packet.source);
  add_stop(way, Direction::ingress, packet.destination);
  return way;
}

std::vector<Twin::Stop> Twin::way_by_name(const std::vector<Side>& path) const {
  std::vector<Stop> way;
  way.reserve(path.size());
  for (const Direction direction : {Direction::egress, Direction::ingress})  // O-1
    for (const Side& side : path) {
      if (side.direction != direction) continue;
      const Interface& interface = interface_called(policy_, side.interface);
      way.push_back({direction, &interface, &subnet_of(policy_, interface)});
    }
  return way;
}

// O-20: no groups, no check, no flow; under `unlisted_addresses: drop` as if the list were empty.
bool Twin::judge_unlisted(const Stop& stop, const Packet& packet, std::vector<GateAnswer>& gates) const {
  AclAnswer answer{false, "*"};
  if (policy_.unlisted_addresses == UnlistedAddresses::acl)
    answer = ask_network_acl(policy_, *stop.subnet, stop.direction, datagram_of(packet));
  gates.push_back(acl_gate(*stop.subnet, stop.direction, answer));
  return answer.allow;
}

bool Twin::judge_side(const Stop& stop, bool crosses, const Packet& packet, Duration at,
                      std::vector<GateAnswer>& gates) {
  const Direction direction = stop.direction;
  const Interface& interface = *stop.interface;
  const Subnet& subnet = *stop.subnet;
  FlowTable& table = tables_[interface.id];
  forget_ended(table, at);

  const auto network_acl_allows = [&] {
    if (!crosses) return true;
    const AclAnswer answer = ask_network_acl(policy_, subnet, direction, datagram_of(packet));
    gates.push_back(acl_gate(subnet, direction, answer));
    return answer.allow;
  };
  const auto source_dest_check_allows = [&] {
    if (passes_source_dest_check(interface, direction, packet)) return true;
    gates.push_back({"source-dest-check", interface.name, "deny", ""});
    return false;
  };

  if (interface.type != Interface::Type::interface) return network_acl_allows();  // N-29

  // O-1, D-6: the ACL stands at the border, the groups at the interface.
  if (direction == Direction::ingress && !network_acl_allows()) return false;
  if (!source_dest_check_allows()) return false;
  const GroupAnswer answer = ask_security_groups(policy_, interface, direction, packet, table, at,
                                                 places_claimed(gates, interface, packet));
  gates.push_back(group_gate(interface, direction, answer));
  if (!answer.accept) return false;
  if (direction == Direction::egress && !network_acl_allows()) return false;

  if (answer.storing) table[answer.storing->name] = answer.storing->flow;  // C-66
  return true;
}

}  // namespace vpcwall::twin

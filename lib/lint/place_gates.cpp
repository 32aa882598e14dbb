#include "lint/place_gates.h"

#include <algorithm>

namespace vpcwall {

PlaceGates::PlaceGates(const Place& place, const PolicyIndex& index) : place_(place), index_(index) {
  for (const Direction direction : {Direction::ingress, Direction::egress}) {
    auto& traffics = traffics_.at(static_cast<std::size_t>(direction));
    for (const NetworkAclEntry& entry : place.acl->entries(direction)) traffics.push_back(traffic_of(entry));
    for (const SecurityGroupRule* rule : rules(direction)) traffics.push_back(compile_traffic(rule->traffic));
    Cuts& cuts = cuts_.at(static_cast<std::size_t>(direction));
    for (const CompiledTraffic& traffic : traffics) cuts.at(traffic);
    for (const Prefix& peer : named_peers()) cuts.at(peer);
  }
}

std::vector<const SecurityGroupRule*> PlaceGates::rules(Direction direction) const {
  std::vector<const SecurityGroupRule*> all;
  for (const std::string& id : place_.interface->security_groups)
    if (const SecurityGroup* group = index_.group(id))
      for (const SecurityGroupRule& rule : group->rules(direction)) all.push_back(&rule);
  return all;
}

// Both directions see the same peer, one the request, the other the reply: whatever either names cuts both.
std::vector<Prefix> PlaceGates::named_peers() const {
  std::vector<Prefix> all;
  for (const Direction direction : {Direction::ingress, Direction::egress}) {
    for (const NetworkAclEntry& entry : place_.acl->entries(direction)) all.push_back(entry.cidr);
    for (const SecurityGroupRule* rule : rules(direction)) {
      const auto peers = index_.peers(rule->peer);
      all.insert(all.end(), peers.begin(), peers.end());
    }
  }
  // Inside of the subnet no ACL is asked.
  for (const auto& range : {place_.subnet->cidr, place_.subnet->ipv6_cidr})
    if (range) all.push_back(*range);
  return all;
}

std::vector<Cell> PlaceGates::allowed_cells(Direction direction) {
  std::vector<Cell> all;
  for (const SecurityGroupRule* rule : rules(direction))
    for (const Prefix& peer : index_.peers(rule->peer))
      for (const Cell& cell : cells(direction, compile_traffic(rule->traffic), peer))
        if (all.size() < most_cells) all.push_back(cell);
  return all;
}

std::vector<std::uint16_t> PlaceGates::ports(Direction direction, Protocol protocol,
                                             std::uint16_t first) const {
  std::vector<std::uint16_t> ports{first};
  const auto offer = [&](unsigned port) {
    if (port > first && port <= 65535) ports.push_back(static_cast<std::uint16_t>(port));
  };
  for (const CompiledTraffic& traffic : traffics_.at(static_cast<std::size_t>(direction))) {
    if (traffic.any_protocol || traffic.protocol != protocol) continue;
    offer(traffic.ports.first);
    offer(traffic.ports.last + 1U);
  }
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

std::optional<IpAddress> PlaceGates::own_address(Family family) const {
  for (const Prefix& address : place_.interface->addresses)
    if (address.base.family == family) return address.base;
  return std::nullopt;
}

}  // namespace vpcwall

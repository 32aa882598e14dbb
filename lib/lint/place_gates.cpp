#include "lint/place_gates.h"

#include <algorithm>

namespace vpcwall {

PlaceGates::PlaceGates(const Place& place, const PolicyIndex& index) : place_(place) {
  for (const Direction direction : {Direction::ingress, Direction::egress}) {
    Cuts& cuts = cuts_.at(static_cast<std::size_t>(direction));
    auto& traffics = traffics_.at(static_cast<std::size_t>(direction));
    for (const NetworkAclEntry& entry : place.acl->entries(direction)) traffics.push_back(traffic_of(entry));
    for (const std::string& id : place.interface->security_groups)
      if (const SecurityGroup* group = index.group(id))
        for (const SecurityGroupRule& rule : group->rules(direction))
          traffics.push_back(compile_traffic(rule.traffic));
    for (const CompiledTraffic& traffic : traffics) cuts.at(traffic);
    // Both directions see the same peer: one the request, the other the reply.
    for (const Direction side : {Direction::ingress, Direction::egress}) {
      for (const NetworkAclEntry& entry : place.acl->entries(side)) cuts.at(entry.cidr);
      for (const std::string& id : place.interface->security_groups)
        if (const SecurityGroup* group = index.group(id))
          for (const SecurityGroupRule& rule : group->rules(side))
            for (const Prefix& peer : index.peers(rule.peer)) cuts.at(peer);
    }
    // Inside of the subnet no ACL is asked.
    for (const auto& range : {place.subnet->cidr, place.subnet->ipv6_cidr})
      if (range) cuts.at(*range);
  }
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

// Every address, and every packet between two of them, that brute force asks about.
#pragma once

#include <vector>

#include "brute_force/small_policy.h"
#include "net/packet.h"

namespace vpcwall::brute_force {

// Those of the subnets and the network outside that prefixes name, and one each of the special ones.
[[nodiscard]] const std::vector<IpAddress>& addresses(Family family);

// From where clients ask: some of the ports that rules name, and one more.
[[nodiscard]] PortRange client_ports(PortSpace ports);

// Requests of every kind, from every client port; made here, not by what is tested.
[[nodiscard]] std::vector<Packet> requests(const IpAddress& source, const IpAddress& destination,
                                           PortSpace ports);

}  // namespace vpcwall::brute_force

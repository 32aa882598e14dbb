// Traffic that neither security groups nor network ACLs look at (E-1, E-2).
#pragma once

#include "net/packet.h"
#include "policy/origin.h"
#include "policy/policy.h"

namespace vpcwall::twin {

// One of AWS's services or of the router's addresses (E-7 to E-13, E-17, E-18).
[[nodiscard]] bool is_service_address(const IpAddress& address, const Policy& policy);

// Neighbour discovery and multicast listener discovery, which come from the link and from nowhere else
// (E-21).
[[nodiscard]] bool stays_on_link(const Packet& packet);

// At one interface, or, null, at an address of a subnet that none has; `direction`: from there, or to there
// (E-16, E-19). Of a packet that may have come from `from`.
[[nodiscard]] bool is_exempt(const Packet& packet, Direction direction, const Interface* interface,
                             Origin from, const Policy& policy);

}  // namespace vpcwall::twin

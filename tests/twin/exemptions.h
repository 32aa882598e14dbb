// Traffic that neither security groups nor network ACLs look at (E-1, E-2).
#pragma once

#include "net/packet.h"
#include "policy/policy.h"

namespace vpcwall::twin {

// A service's or a router's: no one else has it, wherever it lies (E-7 to E-18).
[[nodiscard]] bool is_aws_address(const IpAddress& address, const Policy& policy);

// At one interface; `direction`: from it, or to it (E-16, E-19).
[[nodiscard]] bool is_exempt(const Packet& packet, Direction direction, const Policy& policy);

}  // namespace vpcwall::twin

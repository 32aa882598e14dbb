// The rules of the security groups of one interface: all of them together, in no order, only allowing
// (S-4, S-5).
#pragma once

#include "policy/policy.h"
#include "twin/datagram.h"

namespace vpcwall::twin {

// Some rule of this direction allows the packet (S-6).
[[nodiscard]] bool rules_allow(const Policy& policy, const Interface& interface, Direction direction,
                               const Datagram& datagram);

// The packet belongs to a flow that rules with open peers allow both ways, so that it needs no state: TCP and
// UDP only (C-8 to C-15).
[[nodiscard]] bool is_pair_open(const Policy& policy, const Interface& interface, Direction direction,
                                const Datagram& datagram);

// The far end is a peer through which everything is tracked (C-18, C-19).
[[nodiscard]] bool is_auto_tracked(const Policy& policy, Direction direction, const Datagram& datagram);

}  // namespace vpcwall::twin

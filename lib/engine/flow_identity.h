// Which flow a packet belongs to, seen from one interface; pure functions of addresses, ports and
// identifiers.
//
// No key means: this packet has no state and never will, because its header is cut, or it is an ICMP message
// that is neither query nor reply (C-48, C-53), or its protocol is not known (S-68).
#pragma once

#include <optional>

#include "flow/flow_key.h"
#include "net/packet.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

// `direction` is the packet's, seen from the interface: ingress means its destination is the local side.
[[nodiscard]] std::optional<FlowKey> flow_key(const Packet& packet, Direction direction,
                                              InterfaceNumber interface) noexcept;

// The flow that an ICMP error speaks of. The quoted packet travelled against the error: an error that arrives
// quotes a packet that the interface sent.
[[nodiscard]] std::optional<FlowKey> quoted_flow_key(const Packet& error, Direction direction,
                                                     InterfaceNumber interface) noexcept;

}  // namespace vpcwall

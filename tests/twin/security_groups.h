// The security groups of an interface: flows first, then rules (O-14).
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "net/packet.h"
#include "policy/policy.h"
#include "twin/flows.h"

namespace vpcwall::twin {

// A flow as it is to be stored once every gate of the side has accepted (C-66).
struct Storing {
  std::string name;
  Flow flow;
};

struct GroupAnswer {
  bool accept = false;
  std::string outcome;  // new, tracked, untracked, no-state, pmtud, deny, table-full
  std::optional<Storing> storing;
};

// `table`: the live flows of the interface. It loses a TCP flow that is over when a new SYN comes (C-29), and
// is otherwise left as it is. `claimed`: places that the packet may have taken there on its way so far.
[[nodiscard]] GroupAnswer ask_security_groups(const Policy& policy, const Interface& interface,
                                              Direction direction, const Packet& packet, FlowTable& table,
                                              Duration at, std::size_t claimed);

}  // namespace vpcwall::twin

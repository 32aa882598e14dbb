// How one packet of a scenario is sent in a live lab: from where, to where, and what proves that it has been
// judged. Pure: computed from the policy and the plan, nothing is sent here.
#pragma once

#include <optional>
#include <string>

#include "cli/lab/plan.h"
#include "scenario/scenario.h"

namespace vpcwall {

struct Injection {
  std::size_t from = 0, to = 0;  // endpoints of the plan
  bool needs_route = false;      // the router would hand the destination to somebody else
  Packet marker;                 // exempt, so always let through; sent right after the packet, the same way
  std::size_t marker_from = 0, marker_to = 0;
};

// Endpoint 0 is the internet. Without `from`, a packet is sent from where its source belongs.
[[nodiscard]] Injection plan_injection(const PacketStep& step, const Policy& policy, const LabPlan& plan,
                                       std::uint16_t marker_port);

// Whether the step exercises one side only, while the other end is an address that no interface has: a daemon
// that sees the whole way asks its subnet as well (O-20), unless it is told not to.
[[nodiscard]] bool leaves_unlisted_side_out(const PacketStep& step, const Policy& policy);

// Why a packet cannot be forwarded by any router; nothing if it can.
[[nodiscard]] std::optional<std::string> why_not_forwarded(const PacketStep& step);
// Why no kernel hands this packet to the hooks of a host; nothing if it does.
[[nodiscard]] std::optional<std::string> why_not_on_a_host(const PacketStep& step);

// The interface whose host has to run the daemon for this scenario; none: a router between all of them does.
[[nodiscard]] std::optional<std::string> host_of(const Scenario& scenario);

}  // namespace vpcwall

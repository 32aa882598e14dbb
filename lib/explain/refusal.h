// Where a story stopped: the gate that refused, whose it is, and which packet it refused.
#pragma once

#include <optional>

#include "explain/story.h"

namespace vpcwall {

struct Refusal {
  bool reply = false;  // the reply was refused, not the request
  GateOutcome gate;
  Reason reason = Reason::malformed;
  Direction direction = Direction::ingress;  // seen from the gate's interface
  Packet packet;

  // The far end: what a rule or entry of this gate compares its peer with.
  [[nodiscard]] const IpAddress& peer() const noexcept {
    return direction == Direction::ingress ? packet.source : packet.destination;
  }
  [[nodiscard]] bool at_acl() const noexcept { return is_acl(gate.gate); }
  [[nodiscard]] bool at_same_gate(const Refusal& other) const noexcept {
    return reply == other.reply && gate.gate == other.gate.gate && gate.interface == other.gate.interface &&
           gate.subnet == other.gate.subnet;
  }
};

// Nothing when the story passes, or when what stopped it is no gate (a packet that lies about itself).
[[nodiscard]] inline std::optional<Refusal> refusal_of(const Story& story) {
  const Leg* leg = story.refused();
  if (leg == nullptr || leg->decision.gate_size == 0) return std::nullopt;
  Refusal refusal;
  refusal.reply = leg != &story.request;
  refusal.gate = leg->decision.gates.at(leg->decision.gate_size - 1U);
  refusal.reason = leg->decision.reason;
  refusal.packet = leg->packet;
  const Gate gate = refusal.gate.gate;
  // The check of the interface that a packet leaves comes before every other gate.
  const bool leaving = gate == Gate::acl_egress || gate == Gate::sg_egress ||
                       (gate == Gate::source_dest_check && leg->decision.gate_size == 1 &&
                        refusal.gate.interface == leg->journey.leaves);
  refusal.direction = leaving ? Direction::egress : Direction::ingress;
  return refusal;
}

}  // namespace vpcwall

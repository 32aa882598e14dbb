// What became of a scenario's steps, and whether it is what the scenario expects: the same comparison for a
// simulation and for a lab with real packets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenario/scenario.h"

namespace vpcwall {

// What was seen of one packet.
struct SeenPacket {
  Fate fate = Fate::drop;
  std::vector<ExpectedGate> gates;  // with the group of every rule that spoke
  Reason reason = Reason::malformed;
};

struct StepOutcome {
  bool passed = true;
  std::string difference;          // of what is not as expected, one sentence; empty when passed
  std::optional<SeenPacket> seen;  // packets only
  std::string not_sent;  // why a packet could not be sent on real wires; empty: it was, or nobody tried
  std::vector<std::string> trace;  // how the evaluator came to it, a line per gate
};

struct ScenarioOutcome {
  std::vector<StepOutcome> steps;  // up to the end of the scenario; a failed step ends nothing
  [[nodiscard]] bool passed() const noexcept;
};

[[nodiscard]] StepOutcome compare(const PacketCheck& expected, const SeenPacket& seen);
// A change: whether it was refused, and with the code that is expected.
[[nodiscard]] StepOutcome compare(const Change& change);
[[nodiscard]] StepOutcome compare(const StateCheck& expected, std::uint64_t flows,
                                  std::uint64_t conntrack_allowance_exceeded);

// `records` are those of the interval that ends.
[[nodiscard]] StepOutcome compare(const FlowLogCheck& expected, const std::vector<FlowRecord>& records);
[[nodiscard]] StepOutcome compare(const AuditCheck& expected, const Policy& policy);

[[nodiscard]] std::string_view to_string(Fate fate) noexcept;

}  // namespace vpcwall

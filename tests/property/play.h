// Engine and twin side by side: the same run for both, and the first packet about which they differ.
//
// Compared are the verdict and every gate of every packet: which gate, where, what it said, and the number of
// the ACL entry. One thread per call.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/decision.h"
#include "property/run.h"
#include "replay/simulation.h"
#include "twin/twin.h"

namespace vpcwall::property {

// What runs have met; of the engine's answers, which are the twin's as well unless there was a failure.
struct Coverage {
  std::uint64_t runs = 0, steps = 0, packets = 0, follow_ups = 0, waits = 0, reloads = 0, paths = 0;
  std::uint64_t expired = 0;    // flows that idled too long
  std::uint64_t discarded = 0;  // flows that a reload ended (C-25, C-67)
  std::array<std::array<std::uint64_t, outcome_count>, gate_count> gates{};
  std::array<std::uint64_t, reason_count> reasons{};
  std::array<std::uint64_t, flow_state_count> states{};  // of flows after a packet of theirs

  Coverage& operator+=(const Coverage& other) noexcept;
  [[nodiscard]] std::uint64_t count(Gate gate, Outcome outcome) const noexcept {
    return gates.at(static_cast<std::size_t>(gate)).at(static_cast<std::size_t>(outcome));
  }
  [[nodiscard]] std::uint64_t count(Reason reason) const noexcept {
    return reasons.at(static_cast<std::size_t>(reason));
  }
};
[[nodiscard]] std::string to_string(const Coverage& coverage);

struct Failure {
  std::size_t step = 0;           // where in the run
  std::string invalid;            // what validate() says of the policy of this step; empty: a difference
  twin::Answer expected, actual;  // the twin's, the engine's
};

// Nothing when both agree to the end.
[[nodiscard]] std::optional<Failure> play(const Run& run, Coverage& coverage);

// The engine, asked and answering as the twin is.
class Engine {
 public:
  explicit Engine(const Policy& policy);
  void reload(const Policy& policy, Duration at) { simulation_.reload(policy, at); }
  [[nodiscard]] Decision decision(const Send& send, Duration at);
  [[nodiscard]] twin::Answer answer(const Send& send, Duration at) { return words(decision(send, at)); }
  // A decision under the policy in force in the twin's words.
  [[nodiscard]] twin::Answer words(const Decision& decision) const;
  [[nodiscard]] const FlowTable& flows() const noexcept { return simulation_.shard().flows(); }

 private:
  Simulation simulation_;
};

}  // namespace vpcwall::property

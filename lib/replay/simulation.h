// A firewall without a kernel: one policy at a time, one shard, and whatever time the caller says it is.
//
//   Simulation simulation(policy);
//   Decision d = simulation.packet(packet, simulation.journey(packet), at);
//   simulation.reload(changed, at);              // flows and counters live on, as in the daemon
//
// `at` is time since the start and must not decrease. One thread.
#pragma once

#include <memory>

#include "base/expected.h"
#include "engine/decision_json.h"
#include "engine/shard.h"
#include "policy/compile.h"
#include "replay/step.h"

namespace vpcwall {

// An interface for which the policy names a device is known by it, as in the daemon (D-1 to D-6); which
// number the device has is of no importance.
[[nodiscard]] std::vector<DeviceBinding> simulated_devices(const Policy& policy);

class Simulation {
 public:
  explicit Simulation(const Policy& policy, std::size_t flow_capacity = std::size_t{1} << 18U);

  void reload(const Policy& policy, Duration at);
  Decision packet(const Packet& packet, const Journey& journey, Duration at);
  // A packet that could not be parsed, and so was dropped.
  void count(ParseError error, std::uint32_t bytes, Duration at);
  // What packet() would decide, with its trace, and nothing changed that a packet could tell.
  [[nodiscard]] Decision explain(const Packet& packet, const Journey& journey, Duration at, Trace& trace);

  [[nodiscard]] Journey journey(const Packet& packet) const noexcept;
  // The journey that a step's path names; the mistake says which name is not an interface.
  [[nodiscard]] Expected<Journey, JsonMistake> journey(const PacketStep& step) const;

  [[nodiscard]] const CompiledPolicy& policy() const noexcept { return *policy_; }
  [[nodiscard]] const CounterSlots& slots() const noexcept { return context_.slots; }
  [[nodiscard]] const Shard& shard() const noexcept { return shard_; }
  // What the time `at` is called in the counters.
  [[nodiscard]] static TimePoint time_point(Duration at) noexcept;
  // Live flows of all interfaces.
  [[nodiscard]] std::size_t live_flows(Duration at) const;
  [[nodiscard]] nlohmann::ordered_json json(const Decision& decision) const {
    return to_json(decision, *policy_, context_.slots);
  }

 private:
  CompileContext context_;
  FlowAllowance allowance_;
  Shard shard_;
  std::shared_ptr<const CompiledPolicy> policy_;
};

}  // namespace vpcwall

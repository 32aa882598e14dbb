#include "replay/simulation.h"

namespace vpcwall {
namespace {

// Nobody attacks a simulation, and repeatable is better here than unpredictable.
constexpr FlowHash::Seed fixed_seed{0x9ae16a3b2f90404fU, 0xc949d7c7509e6557U, 0xff51afd7ed558ccdU,
                                    0xc4ceb9fe1a85ec53U};

// Packets at time zero must not look like packets of the clock's epoch.
constexpr TimePoint origin{std::chrono::hours(1)};

}  // namespace

std::vector<DeviceBinding> simulated_devices(const Policy& policy) {
  std::vector<DeviceBinding> bindings;
  for (const Interface& interface : policy.interfaces)
    if (!interface.device.empty())
      bindings.push_back({static_cast<std::uint32_t>(bindings.size() + 1), interface.id, Origin::interface});
  return bindings;
}

Simulation::Simulation(const Policy& policy, std::size_t flow_capacity)
    : shard_(flow_capacity, fixed_seed, allowance_),
      policy_(compile(policy, context_, 1, simulated_devices(policy))) {
  shard_.counters().reserve(context_.slots.size());
}

void Simulation::reload(const Policy& policy, Duration at) {
  policy_ = compile(policy, context_, policy_->generation + 1, simulated_devices(policy));
  shard_.counters().reserve(context_.slots.size());
  shard_.adopt(policy_, origin + at);
  // A worker, too, judges packets while the sweep is under way.
  shard_.sweep(origin + at, shard_.flows().places() / 2);
}

Decision Simulation::packet(const Packet& packet, const Journey& journey, Duration at) {
  const Decision decision = shard_.judge(*policy_, {packet, journey, origin + at});
  shard_.expire(origin + at, 64);  // afterwards, as a worker does
  return decision;
}

void Simulation::count(ParseError error, std::uint32_t bytes, Duration at) {
  shard_.count(error, bytes, origin + at);
}

TimePoint Simulation::time_point(Duration at) noexcept { return origin + at; }

Decision Simulation::explain(const Packet& packet, const Journey& journey, Duration at, Trace& trace) {
  shard_.sweep(origin + at, shard_.flows().places());
  return shard_.explain(*policy_, {packet, journey, origin + at}, trace);
}

std::size_t Simulation::live_flows(Duration at) const {
  std::size_t count = 0;
  shard_.flows().visit(origin + at,
                       [&](const Flow& flow) { count += shard_.tracks(flow.key, origin + at) ? 1 : 0; });
  return count;
}

Journey Simulation::journey(const Packet& packet) const noexcept {
  return find_journey(*policy_, packet, {});
}

Expected<Journey, JsonMistake> Simulation::journey(const PacketStep& step) const {
  Journey journey;
  if (step.path.empty()) journey = this->journey(step.packet);
  journey.origin = step.from;
  for (const PathSide& side : step.path) {
    const InterfaceIndex index = policy_->interface_named(side.interface);
    if (index == no_interface)
      return Unexpected{JsonMistake{"\"" + side.interface + R"(" in "path" is no interface of the policy)"}};
    (side.direction == Direction::egress ? journey.leaves : journey.enters) = index;
  }
  return journey;
}

}  // namespace vpcwall

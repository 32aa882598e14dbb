// What a shadow says of a candidate is what would be decided after a reload to it: on runs made at random, in
// the midst of which a candidate made at random is tried.
#include "runtime/shadow.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <optional>

#include "property/generator.h"
#include "property/report.h"
#include "property/run.h"
#include "replay/simulation.h"

namespace vpcwall::property {
namespace {

constexpr std::size_t flow_capacity = 4096;

struct Met {
  std::uint64_t packets = 0, differing = 0, inherited = 0, tracked = 0;
};

std::uint64_t at_gate(const Counters& counters, Gate gate, Outcome outcome) {
  return counters.gate(gate, outcome).packets;
}

// Packets at each gate, by what it said, and for each reason.
std::vector<std::uint64_t> counted(const Counters& counters) {
  std::vector<std::uint64_t> all;
  for (std::size_t gate = 0; gate < gate_count; ++gate)
    for (std::size_t outcome = 0; outcome < outcome_count; ++outcome)
      all.push_back(at_gate(counters, static_cast<Gate>(gate), static_cast<Outcome>(outcome)));
  for (std::size_t reason = 0; reason < reason_count; ++reason)
    all.push_back(counters.reason(static_cast<Reason>(reason)).packets);
  return all;
}

std::vector<std::uint64_t> since(std::vector<std::uint64_t> now, const std::vector<std::uint64_t>& before) {
  for (std::size_t i = 0; i < now.size(); ++i) now[i] -= before[i];
  return now;
}

std::string words(const Decision& decision, const CompiledPolicy& policy, const CounterSlots& slots) {
  return to_json(decision, policy, slots).dump();
}

// The step at which a shadow of `candidate`, tried when `percent` of the run are over, says something else
// than a reload would have led to; nothing when there is none.
std::optional<std::size_t> play_with_shadow(const Descriptors& descriptors, const Policy& candidate,
                                            std::size_t percent, Met& met) {
  const Run run = run_of(descriptors);
  const std::size_t first = run.steps.size() * percent / 100;
  Simulation live(run.policy, flow_capacity), reloaded(run.policy, flow_capacity);
  CompileContext context;  // as that of both, so that interfaces have the same numbers
  std::uint64_t generation = 1;
  auto compiled = compile(run.policy, context, generation);
  std::optional<Shadow> shadow;
  std::vector<std::uint64_t> before;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const Duration at = run.steps[i].at;
    if (i == first) {
      shadow.emplace(*prepare_beside(candidate, std::make_shared<const CompileContext>(context)),
                     std::vector<DeviceBinding>{}, generation, Shadow::Sizes{.flows = flow_capacity},
                     FlowHash::Seed{1, 2, 3, 4}, Simulation::time_point(at));
      live.shard().flows().visit(Simulation::time_point(at),
                                 [&](const Flow& flow) { shadow->inherit(live.policy(), flow); });
      met.inherited += shadow->waiting();
      shadow->begin();
      reloaded.reload(candidate, at);
      before = counted(reloaded.shard().counters());
    }
    if (const auto* reload = std::get_if<Reload>(&run.steps[i].what)) {
      live.reload(reload->policy, at);
      if (!shadow) {
        reloaded.reload(reload->policy, at);
        compiled = compile(reload->policy, context, ++generation);
      }
      continue;
    }
    const Packet& packet = std::get<Send>(run.steps[i].what).packet;
    const Decision said = live.packet(packet, live.journey(packet), at);
    const Decision expected = reloaded.packet(packet, reloaded.journey(packet), at);
    if (!shadow) continue;
    const std::uint64_t differing = shadow->totals().differing;
    const QueuedPacket queued{{}, packet.length};
    const Decided decided{0, packet, said};
    shadow->judge(0, {&queued, 1}, {&decided, 1}, compiled, Simulation::time_point(at));
    ++met.packets;
    const bool differs = expected.verdict != said.verdict;
    met.differing += differs ? 1U : 0U;
    if (shadow->totals().differing - differing != (differs ? 1U : 0U)) return i;
    for (const Shadow::Numbered& one : shadow->read(8))
      if (words(one.difference.candidate, shadow->candidate(), shadow->slots()) !=
          words(expected, reloaded.policy(), reloaded.slots()))
        return i;
    const auto& shard = shadow->shards().front().unguarded();
    if (counted(shard.counters()) != since(counted(reloaded.shard().counters()), before)) return i;
  }
  if (shadow) {
    const Counters& counters = shadow->shards().front().unguarded().counters();
    met.tracked += at_gate(counters, Gate::sg_ingress, Outcome::tracked) +
                   at_gate(counters, Gate::sg_egress, Outcome::tracked);
  }
  return std::nullopt;
}

TEST(Shadow, SaysWhatAReloadWouldLeadTo) {
  const char* text = std::getenv("VPCWALL_PROPERTY_STEPS");
  const std::uint64_t wanted =
      (text != nullptr ? std::strtoull(text, nullptr, 10) : VPCWALL_PROPERTY_STEPS) / 4;
  Met met;
  for (std::uint64_t number = 0; met.packets < wanted; ++number) {
    std::mt19937_64 random(number);
    const Descriptors descriptors = random_run(random, static_cast<int>(number % 101));
    const Policy candidate = run_of(random_run(random, static_cast<int>(number / 3 % 101))).policy;
    const std::size_t percent = random() % 70;
    const auto differs = [&](const Descriptors& some, Met& into) {
      return play_with_shadow(some, candidate, percent, into);
    };
    if (differs(descriptors, met)) {
      const Descriptors small = smallest(
          descriptors,
          [&](const Descriptors& fewer) {
            Met ignored;
            return differs(fewer, ignored).has_value();
          },
          2'000);
      Met ignored;
      const auto step = differs(small, ignored);
      FAIL() << "run " << number << ", smallest differs at step " << step.value_or(0) << ", tried after "
             << percent << " % of it:\n"
             << scenario_text(run_of(small), std::nullopt);
    }
  }
  std::cout << met.packets << " packets, " << met.differing << " with another verdict, " << met.inherited
            << " flows inherited, " << met.tracked << " packets tracked\n";
  EXPECT_GT(met.differing, wanted / 20);
  EXPECT_GT(met.inherited, wanted / 200);
  EXPECT_GT(met.tracked, wanted / 100);
}

}  // namespace
}  // namespace vpcwall::property

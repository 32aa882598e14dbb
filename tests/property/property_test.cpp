// The engine against its twin on runs made at random, and what that comparison stands on. Covers, as far as a
// run of this length meets them: S-4 to S-6, S-36 to S-69, C-1 to C-72, N-3 to N-19, O-1 to O-5, O-14, E-7 to
// E-22, D-1 to D-6.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "property/generator.h"
#include "property/report.h"
#include "scenario/report.h"
#include "scenario/runner.h"
#include "scenario/scenario_reader.h"

namespace vpcwall::property {
namespace {

constexpr int steps_per_run = 95;  // what any_run() makes on average, rounded down

std::uint64_t wanted_steps() {
  const char* text = std::getenv("VPCWALL_PROPERTY_STEPS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : VPCWALL_PROPERTY_STEPS;
}

// Repeatable, and as long as is wanted; RC_PARAMS in the environment has the last word.
void set_parameters() {
  const std::string runs = std::to_string(wanted_steps() / steps_per_run + 1);
  setenv("RC_PARAMS", ("seed=1 max_success=" + runs).c_str(), 0);
}

TEST(EngineAndTwin, SayTheSameAtEveryGate) {
  set_parameters();
  Coverage coverage;
  const bool agreed = rc::check("engine and twin say the same at every gate", [&coverage] {
    const auto run = run_of(*any_run());
    if (const auto failure = play(run, coverage)) RC_FAIL(report(run, *failure));
  });
  EXPECT_TRUE(agreed);
  std::cout << to_string(coverage);

  // A comparison that never met an outcome proved nothing about it.
  EXPECT_GE(coverage.steps, wanted_steps());
  const std::uint64_t often = wanted_steps() / 5000;
  const auto met = [&](Gate gate, Outcome outcome) {
    EXPECT_GE(coverage.count(gate, outcome), often) << to_string(gate) << ' ' << to_string(outcome);
  };
  for (const Gate gate : {Gate::sg_ingress, Gate::sg_egress})
    for (const Outcome outcome : {Outcome::deny, Outcome::fresh, Outcome::tracked, Outcome::untracked,
                                  Outcome::no_state, Outcome::table_full})
      met(gate, outcome);
  for (const Gate gate : {Gate::acl_ingress, Gate::acl_egress})
    for (const Outcome outcome : {Outcome::allow, Outcome::deny}) met(gate, outcome);
  met(Gate::sg_ingress, Outcome::pmtud);
  EXPECT_GE(coverage.count(Gate::sg_egress, Outcome::pmtud), often / 10);  // under icmp_related: linux only
  met(Gate::source_dest_check, Outcome::deny);
  met(Gate::exempt, Outcome::exempt);
  for (const Reason reason : {Reason::passed, Reason::exempt, Reason::not_guarded, Reason::loopback,
                              Reason::source_dest_check, Reason::acl_entry, Reason::acl_default,
                              Reason::no_group_rule, Reason::flow_table_full, Reason::unlisted_address})
    EXPECT_GE(coverage.count(reason), often) << to_string(reason);
  for (std::size_t i = 0; i < flow_state_count; ++i)
    EXPECT_GE(coverage.states.at(i), often) << to_string(static_cast<FlowState>(i));
  for (const std::uint64_t count : {coverage.follow_ups, coverage.waits, coverage.reloads, coverage.paths,
                                    coverage.expired, coverage.discarded})
    EXPECT_GE(count, often);
}

// Not only what random_run() makes is a run: so is whatever a fuzzer comes upon.
TEST(Descriptors, AreARunWhateverTheirNumbers) {
  std::mt19937_64 random(1);
  Coverage coverage;
  for (std::uint64_t i = 0; i < 1 + wanted_steps() / 1000; ++i) {
    std::vector<std::uint8_t> bytes(random() % 2000);
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::uint8_t>(random()); });
    const auto run = run_of(descriptors_of(bytes));
    const auto failure = play(run, coverage);
    ASSERT_FALSE(failure) << report(run, *failure);
  }
  EXPECT_GT(coverage.packets, wanted_steps() / 100);
}

TEST(Descriptors, BecomeBytesAndComeBack) {
  std::mt19937_64 random(1);
  const Descriptors descriptors = random_run(random, 100);
  EXPECT_EQ(descriptors_of(bytes_of(descriptors)), descriptors);
}

TEST(Smallest, LeavesOnlyWhatFails) {
  std::mt19937_64 random(1);
  Descriptors failing = random_run(random, 100);
  failing.push_back({Kind::wait, {0, 7, 9}});
  const auto fails = [](const Descriptors& run) {
    return std::any_of(run.begin(), run.end(),
                       [](const Descriptor& one) { return one.kind == Kind::wait && one.numbers[2] >= 5; });
  };
  const Descriptors small = smallest(failing, fails, 20'000);
  EXPECT_EQ(small, (Descriptors{{Kind::wait, {0, 0, 5}}}));
}

// What a report shows is what was played: read back as `vpcwall test` reads it, every gate comes out the
// same.
TEST(ScenarioText, IsTheRun) {
  std::mt19937_64 random(1);
  std::size_t compared = 0;
  for (int i = 0; i < 40; ++i) {
    const std::string text = scenario_text(run_of(random_run(random, 50)), std::nullopt);
    const auto none = [](const std::string& name) -> Expected<std::string, JsonMistake> {
      return Unexpected{JsonMistake{name}};
    };
    const LoadedScenarios loaded = load_scenarios(text, "scenario", none);
    ASSERT_TRUE(loaded.file) << to_string(loaded.diagnostics.front()) << '\n' << text;
    const Scenario& scenario = loaded.file->scenarios.front();
    const ScenarioOutcome outcome = run_scenario(scenario);
    ASSERT_TRUE(outcome.passed()) << failure_text(scenario, outcome, "scenario") << text;
    compared += packet_count(scenario);
  }
  EXPECT_GT(compared, 2000U);
}

}  // namespace
}  // namespace vpcwall::property

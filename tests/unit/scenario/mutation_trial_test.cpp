#include "scenario/mutation_trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/scenario_reader.h"

namespace vpcwall {
namespace {

using testing::ElementsAre;
using TrialFate = MutationTrial::Fate;

constexpr std::string_view base = R"(version: 1
names: {x: 203.0.113.12}
policy:
  vpc: {cidr: 10.0.0.0/16}
  network_acls:
    - name: A
      ingress: [{rule: 100, action: allow, protocol: tcp, ports: 22, cidr: 0.0.0.0/0}]
      egress: [{rule: 100, action: allow, protocol: tcp, ports: 1024-65535, cidr: 0.0.0.0/0}]
  subnets: [{name: A, cidr: 10.0.0.0/24, network_acl: A}]
  security_groups: [{name: g, ingress: [{protocol: tcp, ports: 22, source: 0.0.0.0/0}], egress: []}]
  interfaces: [{name: a, subnet: A, addresses: [10.0.0.5], security_groups: [g]}]
cases:
)";

ScenarioFile load(const std::string& cases) {
  LoadedScenarios loaded = load_scenarios(std::string(base) + cases, "s.yaml",
                                          [](const std::string&) -> Expected<std::string, JsonMistake> {
                                            return Unexpected{JsonMistake{"no file"}};
                                          });
  for (const Diagnostic& diagnostic : loaded.diagnostics) ADD_FAILURE() << to_string(diagnostic);
  return loaded.file ? std::move(*loaded.file) : ScenarioFile{};
}

// "7 deleted": line and change of every mutation with that fate.
std::vector<std::string> with_fate(const ScenarioFile& file, TrialFate fate) {
  const MutationTrials trials({&file});
  std::vector<std::string> all;
  for (std::size_t i = 0; i < trials.size(); ++i)
    if (trials.run(i).fate == fate)
      all.push_back(std::to_string(trials.mutation(i).place.line) + ' ' + trials.mutation(i).text);
  return all;
}

const std::string request_and_reply = R"(  - id: ssh
    steps:
      - {packet: "tcp S x:40000 > a:22", expect: [acl-ingress A allow 100, sg-ingress a new], verdict: accept}
      - {packet: "tcp SA a:22 > x:40000", expect: [sg-egress a tracked, acl-egress A allow 100], verdict: accept}
)";

TEST(MutationTrials, WhatACaseExpectsNotices) {
  EXPECT_THAT(with_fate(load(request_and_reply), TrialFate::noticed),
              ElementsAre("7 deleted", "7 allow flipped to deny", "8 deleted", "8 allow flipped to deny",
                          "10 deleted"));
}

TEST(MutationTrials, WhatNoCaseLooksAtSurvives) {
  EXPECT_THAT(
      with_fate(load(request_and_reply), TrialFate::survived),
      ElementsAre("7 ports 22 widened to 21-22", "7 ports 22 widened to 22-23",
                  "8 ports 1024-65535 widened to 1023-65535", "8 ports 1024-65535 narrowed to 1025-65535",
                  "8 ports 1024-65535 narrowed to 1024-65534", "10 ports 22 widened to 21-22",
                  "10 ports 22 widened to 22-23"));
}

TEST(MutationTrials, WithoutACaseEverythingSurvives) {
  const ScenarioFile file = load("  []\n");
  EXPECT_EQ(with_fate(file, TrialFate::survived).size(), MutationTrials({&file}).size());
}

// A step of a policy without the rule is unaffected; one with it is mutated like the policy of the beginning.
TEST(MutationTrials, AMutationIsInEveryPolicyThatHasTheRule) {
  const ScenarioFile later = load(R"(  - id: later
    steps:
      - change: {add_entry: {network_acl: A, ingress: {rule: 90, action: deny, protocol: tcp, ports: 23, cidr: 0.0.0.0/0}}}
      - {packet: "tcp S x:40000 > a:22", expect: [acl-ingress A allow 100, sg-ingress a new], verdict: accept}
)");
  EXPECT_THAT(with_fate(later, TrialFate::noticed),
              ElementsAre("7 deleted", "7 allow flipped to deny", "10 deleted"));
  const ScenarioFile gone = load(R"(  - id: gone
    steps:
      - change: {remove_entry: {network_acl: A, ingress: 100}}
      - {packet: "tcp S x:40000 > a:22", expect: [acl-ingress A deny *], verdict: drop}
)");
  EXPECT_THAT(with_fate(gone, TrialFate::noticed), ElementsAre());
}

TEST(MutationTrials, AWitnessIsACaseThatNotices) {
  const ScenarioFile file = load(request_and_reply);
  const MutationTrials trials({&file});
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const MutationTrial trial = trials.run(i);
    if (trial.fate != TrialFate::survived) continue;
    std::string cases = request_and_reply + "  - id: witness\n    steps:\n";
    for (const std::string& step : step_texts(*trial.witness)) cases += "      - " + step + '\n';
    const ScenarioFile with_witness = load(cases);
    const MutationTrials again({&with_witness});
    ASSERT_EQ(again.size(), trials.size());
    EXPECT_EQ(again.run(i).fate, TrialFate::noticed) << trials.mutation(i).text << '\n' << cases;
  }
}

TEST(MutationTrials, AReplyIsWitnessedByTheRequestBeforeIt) {
  const ScenarioFile file = load(request_and_reply);
  const MutationTrials trials({&file});
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (trials.mutation(i).text != "ports 1024-65535 widened to 1023-65535") continue;
    const MutationTrial trial = trials.run(i);
    ASSERT_TRUE(trial.witness);
    EXPECT_THAT(step_texts(*trial.witness),
                ElementsAre("{packet: \"tcp S 203.0.113.12:1023 > 10.0.0.5:22\", arriving: a, expect: "
                            "[acl-ingress A allow 100, sg-ingress a new g], verdict: accept}",
                            "{packet: \"tcp SA 10.0.0.5:22 > 203.0.113.12:1023\", leaving: a, expect: "
                            "[sg-egress a tracked g, acl-egress A deny *], verdict: drop}"));
    EXPECT_EQ(trial.witness->mutated.fate, Fate::accept);
    return;
  }
  FAIL() << "the mutation is not there";
}

// Behind an ACL that lets port 22 in alone, and with nobody in the subnet, no packet reaches a wider rule.
TEST(MutationTrials, WhatAnotherGateHidesIsMasked) {
  const ScenarioFile file = load(R"(  - id: from-outside
    policy:
      security_groups: [{name: g, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}], egress: []}]
    steps:
      - {packet: "tcp S x:40000 > a:22", expect: [acl-ingress A allow 100, sg-ingress a new], verdict: accept}
)");
  EXPECT_THAT(with_fate(file, TrialFate::masked),
              ElementsAre("15 ports 22 widened to 21-22", "15 ports 22 widened to 22-23"));
}

}  // namespace
}  // namespace vpcwall

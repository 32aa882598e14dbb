#include "scenario/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "scenario/runner.h"
#include "scenario/scenario_reader.h"

namespace vpcwall {
namespace {

using testing::ElementsAre;

constexpr std::string_view policy_file = R"(version: 1
vpc: {cidr: 10.0.0.0/16}
network_acls:
  - name: A
    ingress:
      - {rule: 100, action: allow, protocol: tcp, ports: 22, cidr: 0.0.0.0/0}
      - {rule: 110, action: deny, protocol: tcp, ports: 23, cidr: 0.0.0.0/0}
    egress: [{rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}]
subnets: [{name: A, cidr: 10.0.0.0/24, network_acl: A}]
security_groups:
  - name: g
    ingress:
      - {protocol: tcp, ports: 22, source: 203.0.113.0/24}
    egress: []
interfaces: [{name: a, subnet: A, addresses: [10.0.0.5], security_groups: [g]}]
)";

ScenarioFile load(const std::string& text) {
  LoadedScenarios loaded = load_scenarios(
      text, "s.yaml",
      [](const std::string&) -> Expected<std::string, JsonMistake> { return std::string(policy_file); });
  for (const Diagnostic& diagnostic : loaded.diagnostics) ADD_FAILURE() << to_string(diagnostic);
  return loaded.file ? std::move(*loaded.file) : ScenarioFile{};
}

ScenarioFile with_cases(const std::string& cases) {
  return load("version: 1\npolicy: p.yaml\nnames: {x: 203.0.113.12, y: 198.51.100.9}\ncases:\n" + cases);
}

std::vector<FileCoverage> cover(const ScenarioFile& file) {
  Coverage coverage;
  coverage.add(file);
  for (const Scenario& scenario : file.scenarios) {
    ExercisedRules exercised(file.sources);
    RunOptions options;
    options.observe = std::ref(exercised);
    (void)run_scenario(scenario, options);
    coverage.add(exercised);
  }
  return coverage.files();
}

// "p.yaml:6 100 2": file, line, rule, cases that exercised it; `-` when it cannot decide.
std::vector<std::string> lines(const std::vector<FileCoverage>& files) {
  std::vector<std::string> all;
  for (const FileCoverage& file : files)
    for (const RuleCoverage& one : file.rules) {
      const RuleIdentity& identity = one.rule.identity;
      const std::string name = identity.kind == RuleKind::group_rule ? "rule" : identity.rule;
      all.push_back(file.file + ':' + std::to_string(one.place.line) + ' ' +
                    (identity.direction == Direction::ingress ? "in " : "out ") + name + ' ' +
                    (one.rule.can_decide ? std::to_string(one.cases) : "-"));
    }
  return all;
}

TEST(Coverage, ARuleIsExercisedWhenItDecides) {
  const auto files = cover(with_cases(R"(  - id: in
    steps:
      - {packet: "tcp S x:1 > a:22", expect: [acl-ingress A allow 100, sg-ingress a new], verdict: accept}
      - {packet: "tcp SA a:22 > x:1", expect: [sg-egress a tracked, acl-egress A allow 100], verdict: accept}
  - id: in-again
    steps:
      - {packet: "tcp S x:1 > a:22", expect: [acl-ingress A allow 100, sg-ingress a new], verdict: accept}
  - id: refused
    steps:
      - {packet: "tcp S y:1 > a:22", expect: [acl-ingress A allow 100, sg-ingress a deny], verdict: drop}
      - {packet: "tcp S x:1 > a:80", expect: [acl-ingress A deny *], verdict: drop}
)"));
  EXPECT_THAT(lines(files), ElementsAre("p.yaml:4 in * 1", "p.yaml:4 out * -", "p.yaml:6 in 100 3",
                                        "p.yaml:7 in 110 0", "p.yaml:8 out 100 1", "p.yaml:11 in * 1",
                                        "p.yaml:11 out * 0", "p.yaml:13 in rule 2"));
  EXPECT_EQ(files.at(0).exercised, 5U);
  EXPECT_EQ(files.at(0).countable, 7U);
}

// C-1: what a flow lets pass, no rule did.
TEST(Coverage, AFlowExercisesNoRule) {
  const auto files = cover(with_cases(R"(  - id: later
    steps:
      - {packet: "tcp S x:1 > a:22", expect: [acl-ingress A allow 100, sg-ingress a new], verdict: accept}
      - change: {add_rule: {group: g, ingress: {protocol: tcp, ports: 22, source: 0.0.0.0/0}}}
      - {packet: "tcp A x:1 > a:22", expect: [acl-ingress A allow 100, sg-ingress a tracked], verdict: accept}
)"));
  EXPECT_EQ(lines(files).back(), "p.yaml:13 in rule 1");
}

TEST(Coverage, RulesThatAStepBringsInAreNoneOfThePolicys) {
  const auto files = cover(with_cases(R"(  - id: changed
    steps:
      - change: {replace_entry: {network_acl: A, ingress: {rule: 100, action: deny, protocol: all, cidr: 0.0.0.0/0}}}
      - {packet: "tcp S x:1 > a:22", expect: [acl-ingress A deny 100], verdict: drop}
)"));
  const auto found = lines(files);
  EXPECT_THAT(found, testing::Contains("p.yaml:6 in 100 0")) << "the entry that it replaced was not asked";
  EXPECT_EQ(files.size(), 1U) << "nothing of s.yaml is a rule of the policy";
}

TEST(Coverage, ACaseLaysItsOwnRulesOverThoseOfTheFile) {
  const ScenarioFile file = load(R"(version: 1
policy: p.yaml
names: {x: 203.0.113.12}
cases:
  - id: own
    policy:
      security_groups:
        - name: g
          ingress:
            - {protocol: udp, ports: all, source: 0.0.0.0/0}
    steps:
      - {packet: "udp x:1 > a:53", arriving: a, expect: [acl-ingress A deny *], verdict: drop}
)");
  const auto found = lines(cover(file));
  EXPECT_THAT(found, testing::Contains("s.yaml:10 in rule 0"));
  EXPECT_THAT(found, testing::Contains("p.yaml:13 in rule 0")) << "the policy's own rule, which no case has";
  EXPECT_THAT(found, testing::Contains("p.yaml:4 in * 1"));
}

TEST(Coverage, AnImplicitDenyIsThatOfEveryGroupOfTheInterface) {
  const ScenarioFile file = load(R"(version: 1
names: {x: 203.0.113.12}
policy:
  vpc: {cidr: 10.0.0.0/16}
  security_groups:
    - {name: g, egress: []}
    - {name: h, egress: []}
    - {name: alone, egress: []}
  subnets: [{name: A, cidr: 10.0.0.0/24}]
  interfaces: [{name: a, subnet: A, addresses: [10.0.0.5], security_groups: [g, h]}]
cases:
  - id: none
    steps:
      - {packet: "tcp S x:1 > a:22", expect: [acl-ingress A allow 100, sg-ingress a deny], verdict: drop}
)");
  EXPECT_THAT(lines(cover(file)), ElementsAre("s.yaml:6 in * 1", "s.yaml:6 out * 0", "s.yaml:7 in * 1",
                                              "s.yaml:7 out * 0", "s.yaml:8 in * -", "s.yaml:8 out * -"));
}

TEST(Coverage, OnlyEverythingIsAHundredPercent) {
  EXPECT_EQ(percent(0, 0), 100);
  EXPECT_EQ(percent(0, 3), 0);
  EXPECT_EQ(percent(2, 3), 66.6);
  EXPECT_EQ(percent(99'999, 100'000), 99.9);
  EXPECT_EQ(percent(3, 3), 100);
}

}  // namespace
}  // namespace vpcwall

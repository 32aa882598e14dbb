#include <gtest/gtest.h>

#include "scenario/report.h"
#include "scenario/runner.h"
#include "scenario/scenario_reader.h"
#include "scenario/scenario_writer.h"

namespace vpcwall {
namespace {

constexpr std::string_view lab = R"(version: 1
title: small
names: {x: 203.0.113.12}
policy:
  vpc: {cidr: 10.0.0.0/16}
  network_acls:
    - {name: A, ingress: [{rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}],
       egress: [{rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}]}
  subnets: [{name: A, cidr: 10.0.0.0/24, network_acl: A}]
  security_groups: [{name: g, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}], egress: []}]
  interfaces:
    - {name: a1, subnet: A, addresses: [10.0.0.5], security_groups: [g]}
    - {name: a2, subnet: A, addresses: [10.0.0.6], security_groups: [g]}
cases:
)";

Expected<std::string, JsonMistake> no_file(const std::string& name) {
  return Unexpected{JsonMistake{name + " cannot be read"}};
}

LoadedScenarios load(const std::string& cases) {
  return load_scenarios(std::string(lab) + cases, "s.yaml", no_file);
}

Scenario only(const LoadedScenarios& loaded) {
  for (const Diagnostic& diagnostic : loaded.diagnostics) ADD_FAILURE() << to_string(diagnostic);
  if (!loaded.file || loaded.file->scenarios.size() != 1) {
    ADD_FAILURE() << "expected one scenario";
    return {};
  }
  return loaded.file->scenarios.front();
}

std::string first_mistake(const std::string& cases) {
  const LoadedScenarios loaded = load(cases);
  EXPECT_FALSE(loaded.file);
  return loaded.diagnostics.empty() ? "no mistake" : to_string(loaded.diagnostics.front());
}

TEST(Scenario, RunsPacketsWaitsAndChanges) {
  const Scenario scenario = only(load(R"(  - id: one
    steps:
      - packet: tcp S x:40000 > a1:22
        expect: [acl-ingress A allow 100, sg-ingress a1 new g]
        verdict: accept
      - state: {flows: 1}
      - change: {remove_rule: {group: g, ingress: {protocol: tcp, ports: 22, source: 203.0.113.0/24}}}
      - packet: tcp SA a1:22 > x:40000
        expect: [sg-egress a1 tracked g, acl-egress A allow 100]
        verdict: accept
      - wait: 60
      - state: {flows: 0, conntrack_allowance_exceeded: 0}
      - packet: tcp S x:40001 > a1:22
        expect: [acl-ingress A allow 100, sg-ingress a1 deny]
        verdict: drop
        reason: no-group-rule
)"));
  const ScenarioOutcome outcome = run_scenario(scenario);
  EXPECT_TRUE(outcome.passed()) << failure_text(scenario, outcome, "s.yaml");
  EXPECT_EQ(packet_count(scenario), 3U);
}

TEST(Scenario, AFailingCaseShowsPacketGatesAndTrace) {
  const Scenario scenario = only(load(R"(  - id: wrong
    title: a wrong expectation
    steps:
      - packet: tcp S x:40000 > a1:22
        expect: [acl-ingress A allow 100, sg-ingress a1 untracked]
        verdict: accept
)"));
  const ScenarioOutcome outcome = run_scenario(scenario);
  ASSERT_FALSE(outcome.passed());
  EXPECT_EQ(failure_text(scenario, outcome, "s.yaml"),
            "wrong  a wrong expectation\n"
            "  s.yaml:18:9: step 1: tcp S x:40000 > a1:22: the gates differ\n"
            "    packet    tcp S 203.0.113.12:40000 > 10.0.0.5:22\n"
            "    expected  accept: acl-ingress A allow 100, sg-ingress a1 untracked\n"
            "    actual    accept: acl-ingress A allow 100, sg-ingress a1 new g (passed)\n"
            "    trace     acl-ingress A allow 100: 1 compared\n"
            "              sg-ingress a1 new g: 1 compared\n");
  EXPECT_EQ(to_json(scenario, outcome)["failures"][0]["actual"]["gates"][1], "sg-ingress a1 new g");
}

TEST(Scenario, EveryKindOfStepCanFail) {
  const Scenario scenario = only(load(R"(  - id: all-wrong
    steps:
      - {packet: "tcp S x:1 > a1:23", expect: [acl-ingress A allow 100, sg-ingress a1 deny], verdict: accept}
      - {packet: "tcp S x:1 > a1:23", expect: [acl-ingress A allow 100, sg-ingress a1 deny], verdict: drop, reason: acl-entry}
      - {state: {flows: 7}}
      - {state: {conntrack_allowance_exceeded: 7}}
      - {change: {add_entry: {network_acl: A, ingress: {rule: 110, action: deny, protocol: all, cidr: 10.0.0.0/8}}}, refused: NetworkAclEntryAlreadyExists}
      - {change: {add_entry: {network_acl: A, ingress: {rule: 100, action: deny, protocol: all, cidr: 10.0.0.0/8}}}, refused: Other}
      - {flow_log: {format: "${action} ${subnet-id}", records: [REJECT]}}
      - {audit: {rule: NO_SUCH_RULE, group: g, expect: COMPLIANT}}
      - {audit: {rule: ec2_networkacl_allow_ingress_tcp_port_3389, network_acl: A, expect: COMPLIANT}}
      - {audit: {rule: VPC_DEFAULT_SECURITY_GROUP_CLOSED, group: g, expect: COMPLIANT}}
)"));
  const ScenarioOutcome outcome = run_scenario(scenario);
  ASSERT_EQ(outcome.steps.size(), 10U);
  EXPECT_EQ(outcome.steps[8].difference, "the audit says NON_COMPLIANT, COMPLIANT was expected");
  EXPECT_NE(failure_text(scenario, outcome, "s.yaml").find("    expected record: REJECT\n"),
            std::string::npos);
  EXPECT_EQ(to_json(scenario, outcome).at("failures").size(), 10U);
  EXPECT_EQ(outcome.steps[6].difference, "the flow log differs");
  EXPECT_EQ(outcome.steps[6].trace.front(), "expected record: REJECT");
  EXPECT_EQ(outcome.steps[7].difference, "found no audit rule \"NO_SUCH_RULE\"");
  EXPECT_EQ(outcome.steps[9].difference, "the audit says NOT_APPLICABLE, COMPLIANT was expected");
  for (const StepOutcome& step : outcome.steps) EXPECT_FALSE(step.passed);
  EXPECT_EQ(outcome.steps[0].difference, "the verdict differs");
  EXPECT_EQ(outcome.steps[1].difference, "the reason differs: acl-entry was expected");
}

TEST(Scenario, ARefusedChangeLeavesThePolicyInForce) {
  const Scenario scenario = only(load(R"(  - id: atomic
    steps:
      - change:
          - remove_rule: {group: g, ingress: {protocol: tcp, ports: 22, source: 203.0.113.0/24}}
          - remove_rule: {group: g, ingress: {protocol: tcp, ports: 23, source: 203.0.113.0/24}}
        refused: InvalidPermission.NotFound
      - {packet: "tcp S x:1 > a1:22", expect: [acl-ingress A allow 100, sg-ingress a1 new], verdict: accept}
)"));
  const ScenarioOutcome outcome = run_scenario(scenario);
  EXPECT_TRUE(outcome.passed()) << failure_text(scenario, outcome, "s.yaml");
}

TEST(Scenario, ACaseLaysItsPolicyOverTheFiles) {
  const Scenario scenario = only(load(R"(  - id: overlay
    policy:
      security_groups: [{name: g, ingress: []}, {name: h, egress: []}]
      interfaces: [{name: a2, security_groups: [h, g]}]
    steps: []
)"));
  ASSERT_EQ(scenario.policy.interfaces.size(), 1U) << "interfaces that the case does not name are left out";
  EXPECT_EQ(scenario.policy.interfaces[0].name, "a2");
  EXPECT_EQ(to_string(scenario.policy.interfaces[0].addresses.at(0)), "10.0.0.6/32");
  EXPECT_EQ(scenario.policy.interfaces[0].security_groups.size(), 2U);
  EXPECT_EQ(scenario.policy.network_acls.size(), 2U) << "A and the default";
  for (const SecurityGroup& group : scenario.policy.security_groups) {
    if (group.name == "g") {
      EXPECT_TRUE(group.ingress.empty() && group.egress.empty());
    }
  }
}

TEST(Scenario, EditsReplaceEntriesAndFillPrefixLists) {  // N-22, S-54
  const Scenario scenario = only(load(R"(  - id: edits
    policy:
      prefix_lists: [{name: l, max_entries: 2, entries: []}]
      security_groups: [{name: g, ingress: [{protocol: tcp, ports: 22, source: {prefix_list: l}}], egress: []}]
    steps:
      - {packet: "tcp S x:1 > a1:22", expect: [acl-ingress A allow 100, sg-ingress a1 deny], verdict: drop}
      - change: {set_prefix_list: {prefix_list: l, entries: [203.0.113.0/24]}}
      - {packet: "tcp S x:1 > a1:22", expect: [acl-ingress A allow 100, sg-ingress a1 new], verdict: accept}
      - change: {replace_entry: {network_acl: A, ingress: {rule: 100, action: deny, protocol: all, cidr: 0.0.0.0/0}}}
      - {packet: "tcp S x:2 > a1:22", expect: [acl-ingress A deny 100], verdict: drop}
)"));
  const ScenarioOutcome outcome = run_scenario(scenario);
  EXPECT_TRUE(outcome.passed()) << failure_text(scenario, outcome, "s.yaml");
}

TEST(Scenario, AnInterfaceThatBecomesAGatewayKeepsNoGroups) {  // N-29
  const Scenario scenario = only(load(R"(  - id: type
    policy:
      interfaces: [{name: a2, security_groups: [g]}]
    steps:
      - policy: {interfaces: [{name: a2, type: nat_gateway}]}
      - {packet: "tcp S x:1 > a2:9", expect: [acl-ingress A allow 100], verdict: accept}
      - policy: {interfaces: [{name: a2, type: interface}]}
      - {packet: "tcp S x:1 > a2:9", expect: [acl-ingress A allow 100, sg-ingress a2 deny], verdict: drop}
)"));
  const ScenarioOutcome outcome = run_scenario(scenario);
  EXPECT_TRUE(outcome.passed()) << failure_text(scenario, outcome, "s.yaml");
}

// C-64: a datagram is judged once, when it is whole.
TEST(Scenario, FragmentsAreHeldUntilTheirDatagramIsWhole) {
  const Scenario scenario = only(load(R"(  - id: fragments
    steps:
      - {packet: "udp x:1 > a1:5000", datagram: 1, fragments: [1480-2008], expect: [], verdict: held}
      - {packet: "udp x:1 > a1:5000 length 2028", datagram: 1, fragments: [0-1480], expect: [acl-ingress A allow 100, sg-ingress a1 deny], verdict: drop}
      - {packet: "udp x:1 > a1:5000", fragments: [0-1480, 1400-2000], expect: [], verdict: drop, reason: fragment}
      - {packet: "udp x:1 > a1:5000", datagram: 2, fragments: [1480-2008], expect: [], verdict: held}
      - wait: 30
      - {packet: "udp x:1 > a1:5000 length 2028", datagram: 2, fragments: [0-1480], expect: [], verdict: held}
)"));
  const ScenarioOutcome outcome = run_scenario(scenario);
  EXPECT_TRUE(outcome.passed()) << failure_text(scenario, outcome, "s.yaml");
}

TEST(Scenario, EveryMistakeHasItsPlace) {
  EXPECT_EQ(
      first_mistake("  - {id: a, steps: [{packet: \"tcp S q:1 > a1:2\", expect: [], verdict: drop}]}\n"),
      "s.yaml:15:30: error: found \"q\", expected an IP address, a name of `names`, or an interface of the "
      "policy");
  EXPECT_EQ(first_mistake("  - {id: a, steps: [{wait: -1}]}\n"),
            "s.yaml:15:28: error: found \"-1\", expected seconds to wait, like 30 or 0.5");
  EXPECT_EQ(first_mistake("  - {id: a, steps: [{wait: 1, packet: x}]}\n"),
            "s.yaml:15:21: error: expected exactly one of the keys packet, wait, change, policy, state, "
            "flow_log and audit "
            "in a step");
  EXPECT_EQ(first_mistake("  - {id: a, steps: []}\n  - {id: a, steps: []}\n"),
            "s.yaml:16:10: error: found the case \"a\" a second time");
  EXPECT_EQ(first_mistake("  - {id: a, policy: missing.yaml, steps: []}\n"),
            "s.yaml:15:21: error: missing.yaml cannot be read");
  EXPECT_EQ(first_mistake("  - {id: a, steps: [{wait: 1, verdict: drop}]}\n"),
            "s.yaml:15:31: error: found the key \"verdict\" in a step of another kind, expected none");
  EXPECT_EQ(
      first_mistake("  - {id: a, steps: [{packet: \"udp x:1 > a1:2\", fragments: [3-8], expect: [], verdict: "
                    "drop}]}\n"),
      "s.yaml:15:60: error: found \"3-8\", expected a range of payload bytes like 0-1480, beginning at a "
      "multiple of 8");
}

TEST(Scenario, AChangeThatFailsUnexpectedlyIsAMistakeOfTheFile) {
  EXPECT_EQ(first_mistake("  - {id: a, steps: [{change: {delete_group: g}}]}\n"),
            "s.yaml:15:30: error: found group \"g\" on an interface: detach it first [InvalidGroup.InUse]");
}

TEST(Scenario, WritesWhatItReads) {
  const LoadedScenarios loaded = load(R"(  - id: one
    title: "a: title"
    covers: [C-1]
    steps:
      - {packet: "tcp S x:1 > a1:22", expect: [acl-ingress A allow 100, sg-ingress a1 new g], verdict: accept}
      - {packet: "udp x:1 > a1:5000", arriving: a1, fragments: [1480-2008], expect: [], verdict: held}
      - wait: 0.000000001
      - change: {set_groups: {interface: a1, security_groups: [default]}}
      - packet: icmp 3/4 x > a1 quoting (tcp a1:22 > x:1)
        expect: [acl-ingress A allow 100, sg-ingress a1 deny]
        verdict: drop
        reason: no-group-rule
      - state: {flows: 1, conntrack_allowance_exceeded: 0}
)");
  const Scenario first = only(loaded);
  const std::string text = emit_scenarios(*loaded.file);
  const LoadedScenarios again = load_scenarios(text, "again.yaml", no_file);
  const Scenario second = only(again);
  EXPECT_EQ(second.policy, first.policy);
  EXPECT_EQ(emit_scenarios(*again.file), text);
  const ScenarioOutcome outcome = run_scenario(second);
  EXPECT_TRUE(outcome.passed()) << failure_text(second, outcome, "again.yaml");
}

TEST(Scenario, WritesAFileOfNothing) {
  const LoadedScenarios none = load_scenarios("version: 1\ncases: []\n", "none.yaml", no_file);
  ASSERT_TRUE(none.file);
  EXPECT_TRUE(load_scenarios(emit_scenarios(*none.file), "again.yaml", no_file).file);
  const LoadedScenarios refused =
      load("  - {id: a, steps: [{change: {delete_group: g}, refused: InvalidGroup.InUse}]}\n");
  ASSERT_TRUE(refused.file);
  EXPECT_TRUE(load_scenarios(emit_scenarios(*refused.file), "again.yaml", no_file).file);
}

// A colon before a space means something in YAML, and so does one at the end of a line.
TEST(Scenario, WritesAddressesThatEndInColons) {
  const LoadedScenarios loaded = load(R"(  - id: one
    steps:
      - {packet: "protocol 47 2001:db8:: > 2001:db8:9::", arriving: a1, expect: [], verdict: drop}
)");
  const std::string text = emit_scenarios(*loaded.file);
  const LoadedScenarios again = load_scenarios(text, "again.yaml", no_file);
  ASSERT_TRUE(again.file) << to_string(again.diagnostics.front()) << text;
  EXPECT_EQ(emit_scenarios(*again.file), text);
}

}  // namespace
}  // namespace vpcwall

// What a person reads who made a mistake in a scenario file: in a step, an edit, a name, or in a file it
// names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "lint/audit.h"
#include "scenario/scenario_reader.h"

namespace vpcwall {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view base = R"(version: 1
names: {x: 203.0.113.12}
policy:
  vpc: {cidr: 10.0.0.0/16}
  network_acls: [{name: A, ingress: [{rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}]}]
  subnets: [{name: A, cidr: 10.0.0.0/24, network_acl: A}]
  security_groups: [{name: g, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}]}]
  interfaces: [{name: a1, subnet: A, addresses: [10.0.0.5], security_groups: [g]}]
cases:
)";

const std::map<std::string, std::string> files{
    {"not.yaml", "a: [1\n"},
    {"bad-policy.yaml", "version: 1\nsubnets: [{name: a}]\n"},
    {"bad-lab.yaml", "version: 1\nnames: {x: here}\n"},
    {"banana-lab.yaml", "version: banana\n"},
    {"lab-without.yaml", "names: {y: 203.0.113.13}\n"},
    {"list-lab.yaml", "[version, 1]\n"},
    {"lab.yaml", "version: 1\nnames: {y: 203.0.113.13}\npolicy: {vpc: {cidr: 10.0.0.0/16}}\n"},
};

Expected<std::string, JsonMistake> read_file(const std::string& name) {
  const auto found = files.find(name);
  if (found == files.end()) return Unexpected{JsonMistake{name + " cannot be read"}};
  return found->second;
}

// Every mistake found, a line each.
std::string mistakes(const std::string& text) {
  const LoadedScenarios loaded = load_scenarios(text, "s.yaml", read_file);
  EXPECT_FALSE(loaded.file) << text;
  std::string lines;
  for (const Diagnostic& diagnostic : loaded.diagnostics) lines += to_string(diagnostic) + '\n';
  return lines;
}

std::string mistakes_of_case(const std::string& one) {
  return mistakes(std::string(base) + "  - " + one + '\n');
}

std::string mistakes_of_step(const std::string& step) {
  return mistakes_of_case("{id: a, steps: [" + step + "]}");
}

TEST(ScenarioMistakes, OfNames) {
  const auto names = [](const std::string& text) {
    return mistakes("version: 1\nnames: " + text + "\ncases: []\n");
  };
  EXPECT_THAT(names("[x]"), HasSubstr("s.yaml:2:8: error: found a list, expected names, a mapping"));
  EXPECT_THAT(names("{x: there}"), HasSubstr("s.yaml:2:12: error: found \"there\", expected an IP address"));
  EXPECT_THAT(names("{\"a b\": 10.0.0.1}"),
              HasSubstr("s.yaml:2:9: error: found \"a b\", expected a name of letters"));
  EXPECT_THAT(names("{x: 10.0.0.1, \"x\": 10.0.0.2}"), HasSubstr("found the name \"x\" a second time"));
}

TEST(ScenarioMistakes, OfCases) {
  EXPECT_THAT(mistakes_of_case("{id: \"a b\", steps: []}"),
              HasSubstr("s.yaml:10:10: error: found \"a b\", expected an id of at most 64 letters"));
  EXPECT_THAT(mistakes_of_case("{id: a, policy: {subnets: [{name: A}, {name: B}]}, steps: []}"),
              HasSubstr("found a subnet without a range"));
}

TEST(ScenarioMistakes, OfTheFilesThatAreNamed) {
  EXPECT_THAT(mistakes_of_case("{id: a, policy: not.yaml, steps: []}"),
              HasSubstr("found a file that is not readable as YAML: \"not.yaml\""));
  const std::string policy = mistakes_of_case("{id: a, policy: bad-policy.yaml, steps: []}");
  EXPECT_THAT(policy, HasSubstr("s.yaml:10:21: error: found a policy with mistakes in \"bad-policy.yaml\""));
  EXPECT_THAT(policy, HasSubstr("bad-policy.yaml:2:11: error: found a subnet without a range"));
  const std::string lab = mistakes("version: 1\nlab: bad-lab.yaml\ncases: []\n");
  EXPECT_THAT(lab, HasSubstr("s.yaml:2:6: error: found a lab with mistakes in \"bad-lab.yaml\""));
  EXPECT_THAT(lab, HasSubstr("bad-lab.yaml:2:12: error: found \"here\", expected an IP address"));
}

TEST(ScenarioMistakes, OfTheVersionOfALab) {
  const auto of_lab = [](const std::string& name) {
    return mistakes("version: 1\nlab: " + name + "\ncases: []\n");
  };
  const std::string banana = of_lab("banana-lab.yaml");
  EXPECT_THAT(banana, HasSubstr("s.yaml:2:6: error: found a lab with mistakes in \"banana-lab.yaml\""));
  EXPECT_THAT(banana, HasSubstr("banana-lab.yaml:1:10: error: found \"banana\", expected version"));
  EXPECT_THAT(of_lab("lab-without.yaml"),
              HasSubstr("lab-without.yaml:1:1: error: found no key \"version\" in the lab file"));
  const std::string list = of_lab("list-lab.yaml");
  EXPECT_THAT(list, HasSubstr("list-lab.yaml:1:1: error: found a list, expected the lab file"));
  EXPECT_THAT(list, ::testing::Not(HasSubstr("no key")));
}

TEST(ScenarioMistakes, OfPackets) {
  EXPECT_THAT(mistakes_of_step("{packet: \"tcp S x:1 > a1:22\", arriving: b1, expect: [], verdict: drop}"),
              HasSubstr("found \"b1\", expected the name of an interface of the policy"));
  EXPECT_THAT(mistakes_of_step("{packet: \"tcp S x:1 > a1:22\", expect: [somewhere], verdict: drop}"),
              HasSubstr("found \"somewhere\""));
  EXPECT_THAT(mistakes_of_step("{packet: \"tcp S x:1 > a1:22\", expect: [], verdict: drop, reason: dislike}"),
              HasSubstr("found \"dislike\", expected a reason as decisions have them, like no-group-rule"));
  EXPECT_THAT(mistakes_of_step(
                  "{packet: \"udp x:1 > a1:2 length 100\", fragments: [0-12], expect: [], verdict: held}"),
              HasSubstr("found a fragment that ends at byte 12, expected a multiple of 8"));
  EXPECT_THAT(mistakes_of_step("{packet: \"udp [2001:db8::1]:1 > a1:2\", expect: [], verdict: drop}"),
              HasSubstr("found \"a1\", expected an IP address"));
}

TEST(ScenarioMistakes, OfFlowLogs) {
  EXPECT_THAT(mistakes_of_step("{flow_log: {format: \"${nonsense}\", records: []}}"),
              HasSubstr("found \"${nonsense}\", expected fields of flow logs like ${srcaddr}"));
}

TEST(ScenarioMistakes, OfAudits) {
  EXPECT_THAT(mistakes_of_step("{audit: {rule: INCOMING_SSH_DISABLED, expect: COMPLIANT}}"),
              HasSubstr("expected either the key group or the key network_acl in an audit"));
  EXPECT_THAT(mistakes_of_step("{audit: {rule: INCOMING_SSH_DISABLED, group: h, expect: COMPLIANT}}"),
              HasSubstr("found \"h\", expected the name of a security group"));
}

TEST(ScenarioMistakes, OfObjectsThatAnAuditCannotFind) {
  EXPECT_EQ(audit({}, "INCOMING_SSH_DISABLED", "sg-none", {}).error(),
            "found no security group and no network ACL \"sg-none\"");
}

TEST(ScenarioMistakes, OfEdits) {
  const auto edit = [](const std::string& text) { return mistakes_of_step("{change: " + text + "}"); };
  EXPECT_THAT(edit("{delete_group: g, delete_network_acl: A}"),
              HasSubstr("found 2 edits in one item, expected exactly one"));
  EXPECT_THAT(edit("[]"), HasSubstr("found an empty list of changes, expected at least one edit"));
  EXPECT_THAT(edit("{add_rule: {group: g}}"), HasSubstr("expected either the key ingress or the key egress"));
  EXPECT_THAT(edit("{add_entry: {network_acl: A}}"),
              HasSubstr("expected either the key ingress or the key egress"));
  EXPECT_THAT(edit("{set_prefix_list: {prefix_list: none, entries: []}}"), HasSubstr("found \"none\""));
}

TEST(ScenarioMistakes, HaveNoneWhereALabIsSound) {
  EXPECT_TRUE(load_scenarios("version: 1\nlab: lab.yaml\ncases: []\n", "s.yaml", read_file).file);
}

}  // namespace
}  // namespace vpcwall

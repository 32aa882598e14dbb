#include "policy/written_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

using testing::ElementsAre;

Policy load(const std::string& text) {
  const LoadedPolicy loaded = load_policy(text, "p.yaml");
  for (const Diagnostic& diagnostic : loaded.diagnostics) ADD_FAILURE() << to_string(diagnostic);
  return loaded.policy.value_or(Policy{});
}

// "6:10 network ACL A, ingress 100: allow tcp 22 …", with `-` behind what cannot decide and `+` behind what
// AWS adds.
std::vector<std::string> lines(const Policy& policy) {
  std::vector<std::string> all;
  for (const WrittenRule& rule : written_rules(policy))
    all.push_back(std::to_string(rule.at.line) + ':' + std::to_string(rule.at.column) + ' ' + describe(rule) +
                  (rule.can_decide ? "" : " -") + (rule.written ? "" : " +"));
  return all;
}

TEST(WrittenRule, ListsEntriesRulesAndWhatDeniesTheRest) {
  const Policy policy = load(R"(version: 1
vpc: {cidr: 10.0.0.0/16}
prefix_lists: [{name: office, entries: [{cidr: 203.0.113.0/24}]}]
security_groups:
  - name: g
    ingress:
      - {protocol: tcp, ports: 22, source: {prefix_list: office}}
      - {protocol: udp, ports: all, source: {group: g}}
    egress: []
network_acls:
  - name: A
    ingress:
      - {rule: 110, action: deny, protocol: icmp, type: 8, cidr: 10.0.0.0/8}
      - {rule: 100, action: allow, protocol: tcp, ports: 22, cidr: 0.0.0.0/0}
)");
  EXPECT_THAT(lines(policy), ElementsAre("13:9 network ACL A, ingress 110: deny icmp type 8 10.0.0.0/8",
                                         "14:9 network ACL A, ingress 100: allow tcp 22 0.0.0.0/0",
                                         "11:5 network ACL A, ingress *: deny all 0.0.0.0/0 +",
                                         "11:5 network ACL A, egress *: deny all 0.0.0.0/0 +",
                                         "7:9 security group g, ingress: allow tcp 22 prefix list office",
                                         "8:9 security group g, ingress: allow udp all group g",
                                         "5:5 security group g, ingress *: deny all +",
                                         "5:5 security group g, egress *: deny all +"));
}

// S-20: the rules that a new group gets by itself stand where the group does. S-15, N-26: objects that nobody
// wrote have no place at all.
TEST(WrittenRule, WhatAwsAddsStandsWhereItsOwnerDoes) {
  EXPECT_THAT(lines(load("version: 1\nvpc: {cidr: 10.0.0.0/16}\nsecurity_groups:\n  - name: g\n")),
              ElementsAre("4:5 security group g, ingress *: deny all +",
                          "4:5 security group g, egress: allow all 0.0.0.0/0 +",
                          "4:5 security group g, egress *: deny all - +"));
  EXPECT_TRUE(lines(load("version: 1\nvpc: {cidr: 10.0.0.0/16}\n")).empty());
}

TEST(WrittenRule, WhatTheRulesBeforeItLeaveNothingToCannotDecide) {
  const Policy policy = load(R"(version: 1
vpc: {cidr: 10.0.0.0/16, ipv6_cidr: "2001:db8:1234:1a00::/56"}
network_acls:
  - name: A
    ingress:
      - {rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}
    egress:
      - {rule: 100, action: deny, protocol: all, cidr: "::/0"}
      - {rule: 110, action: allow, protocol: tcp, ports: all, cidr: 0.0.0.0/0}
security_groups:
  - {name: g, egress: [{protocol: all, destination: 0.0.0.0/0}]}
)");
  EXPECT_THAT(lines(policy), ElementsAre("6:9 network ACL A, ingress 100: allow all 0.0.0.0/0",
                                         "4:5 network ACL A, ingress *: deny all 0.0.0.0/0 - +",
                                         "4:5 network ACL A, ingress *: deny all ::/0 +",
                                         "8:9 network ACL A, egress 100: deny all ::/0",
                                         "9:9 network ACL A, egress 110: allow tcp all 0.0.0.0/0",
                                         "4:5 network ACL A, egress *: deny all 0.0.0.0/0 +",
                                         "4:5 network ACL A, egress *: deny all ::/0 - +",
                                         "11:5 security group g, ingress *: deny all +",
                                         "11:24 security group g, egress: allow all 0.0.0.0/0",
                                         "11:5 security group g, egress *: deny all +"));
}

// S-15: the default group is closed by writing it without rules; then nothing can exercise it any more.
TEST(WrittenRule, AGroupWithoutRulesDecidesOnlyWhereSomebodyCarriesIt) {
  const std::string policy = R"(version: 1
vpc: {cidr: 10.0.0.0/16}
security_groups:
  - {name: default, ingress: [], egress: []}
subnets: [{name: s, cidr: 10.0.1.0/24}]
interfaces:
)";
  EXPECT_THAT(lines(load(policy + "  - {name: a, subnet: s, addresses: [10.0.1.10]}\n")),
              ElementsAre("4:5 security group default, ingress *: deny all +",
                          "4:5 security group default, egress *: deny all +"));
  EXPECT_THAT(lines(load(policy + "  []\n")),
              ElementsAre("4:5 security group default, ingress *: deny all - +",
                          "4:5 security group default, egress *: deny all - +"));
}

TEST(WrittenRule, AnAclThatGuardsOneFamilyHasNoUseForTheOther) {
  const Policy policy = load(R"(version: 1
vpc: {cidr: 10.0.0.0/16, ipv6_cidr: "2001:db8:1234:1a00::/56"}
network_acls: [{name: A}]
subnets: [{name: a, cidr: 10.0.0.0/24, network_acl: A}]
)");
  EXPECT_THAT(lines(policy), ElementsAre("3:16 network ACL A, ingress *: deny all 0.0.0.0/0 +",
                                         "3:16 network ACL A, ingress *: deny all ::/0 - +",
                                         "3:16 network ACL A, egress *: deny all 0.0.0.0/0 +",
                                         "3:16 network ACL A, egress *: deny all ::/0 - +"));
}

}  // namespace
}  // namespace vpcwall

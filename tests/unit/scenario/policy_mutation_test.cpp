#include "scenario/policy_mutation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

using testing::ElementsAre;

const std::vector<std::string> sources{"p.yaml"};

Policy load(const std::string& rules) {
  const LoadedPolicy loaded = load_policy("version: 1\nvpc: {cidr: 10.0.0.0/16}\n" + rules, "p.yaml");
  for (const Diagnostic& diagnostic : loaded.diagnostics) ADD_FAILURE() << to_string(diagnostic);
  return loaded.policy.value_or(Policy{});
}

std::vector<std::string> texts(const Policy& policy) {
  std::vector<std::string> all;
  for (const Mutation& mutation : mutations_of(policy, sources)) all.push_back(mutation.text);
  return all;
}

Mutation named(const Policy& policy, const std::string& text) {
  for (const Mutation& mutation : mutations_of(policy, sources))
    if (mutation.text == text) return mutation;
  ADD_FAILURE() << "no mutation " << text;
  return {};
}

const std::string two_entries = R"(network_acls:
  - name: A
    egress: []
    ingress:
      - {rule: 200, action: deny, protocol: all, cidr: 10.1.0.0/16}
      - {rule: 100, action: allow, protocol: tcp, ports: 1024-65535, cidr: 0.0.0.0/0}
)";

TEST(PolicyMutation, EveryKindOfMistakeInAnEntry) {
  EXPECT_THAT(texts(load(two_entries)),
              ElementsAre("deleted", "deny flipped to allow", "10.1.0.0/16 widened to 10.0.0.0/15", "deleted",
                          "allow flipped to deny", "ports 1024-65535 widened to 1023-65535",
                          "ports 1024-65535 narrowed to 1025-65535",
                          "ports 1024-65535 narrowed to 1024-65534", "numbers 100 and 200 swapped"));
}

TEST(PolicyMutation, EveryKindOfMistakeInARule) {
  EXPECT_THAT(texts(load(R"(security_groups:
  - name: g
    egress: []
    ingress:
      - {protocol: tcp, ports: 22, source: 10.0.0.0/8}
      - {protocol: udp, ports: all, source: {group: g}}
      - {protocol: icmp, type: 8, source: 0.0.0.0/0}
)")),
              ElementsAre("deleted", "ports 22 widened to 21-22", "ports 22 widened to 22-23",
                          "10.0.0.0/8 widened to 10.0.0.0/7", "deleted", "deleted"));
}

TEST(PolicyMutation, TheRulesThatAwsAddsCanBeMissing) {
  EXPECT_THAT(texts(load("security_groups: [{name: g}]\n")), ElementsAre("deleted"));
}

// N-8: an IPv4 and an IPv6 entry are never compared with one packet.
TEST(PolicyMutation, NumbersAreSwappedInsideOneFamily) {
  Policy policy = load(R"(network_acls:
  - name: A
    egress: []
    ingress:
      - {rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}
      - {rule: 101, action: allow, protocol: all, cidr: "::/0"}
      - {rule: 102, action: deny, protocol: all, cidr: 0.0.0.0/0}
)");
  EXPECT_THAT(texts(policy), testing::Contains("numbers 100 and 102 swapped").Times(1));
  EXPECT_THAT(texts(policy), testing::Not(testing::Contains("numbers 100 and 101 swapped")));
  EXPECT_THAT(texts(policy), testing::Not(testing::Contains("numbers 101 and 102 swapped")));
}

NetworkAcl& written_acl(Policy& policy) {
  for (NetworkAcl& acl : policy.network_acls)
    if (acl.name == "A") return acl;
  throw std::logic_error("no ACL A");
}

TEST(PolicyMutation, ChangesThatRuleAndNothingElse) {
  Policy policy = load(two_entries);
  const auto acl = [](std::optional<Policy> mutated) {
    return mutated ? written_acl(*mutated) : NetworkAcl{};
  };
  NetworkAcl expected = written_acl(policy);

  expected.ingress.erase(expected.ingress.begin());
  EXPECT_EQ(acl(mutate(policy, sources, named(policy, "deleted"))), expected);

  expected = written_acl(policy);
  expected.ingress[0].action = Action::allow;
  EXPECT_EQ(acl(mutate(policy, sources, named(policy, "deny flipped to allow"))), expected);

  expected = written_acl(policy);
  expected.ingress[1].traffic.ports = {1025, 65535};
  EXPECT_EQ(acl(mutate(policy, sources, named(policy, "ports 1024-65535 narrowed to 1025-65535"))), expected);

  expected = written_acl(policy);
  expected.ingress[0].cidr = *parse_prefix("10.0.0.0/15");
  EXPECT_EQ(acl(mutate(policy, sources, named(policy, "10.1.0.0/16 widened to 10.0.0.0/15"))), expected);

  expected = written_acl(policy);
  std::swap(expected.ingress[0].number, expected.ingress[1].number);
  EXPECT_EQ(acl(mutate(policy, sources, named(policy, "numbers 100 and 200 swapped"))), expected);
}

TEST(PolicyMutation, FindsTheRuleInAnotherPolicyByItsPlaceAlone) {
  Policy policy = load(two_entries);
  const Mutation deleted = named(policy, "deleted");
  const Mutation swapped = named(policy, "numbers 100 and 200 swapped");
  EXPECT_FALSE(mutate(policy, {"other.yaml"}, deleted)) << "the same line of another file";
  std::vector<NetworkAclEntry>& entries = written_acl(policy).ingress;
  entries.erase(entries.begin());
  EXPECT_FALSE(mutate(policy, sources, deleted)) << "it is not there any more";
  EXPECT_FALSE(mutate(policy, sources, swapped)) << "only one of the two is there";
}

// S-73: AWS takes no rule that is there already.
TEST(PolicyMutation, WhatAwsRefusesIsNoMutation) {
  const Policy policy = load(R"(security_groups:
  - name: g
    egress: []
    ingress:
      - {protocol: tcp, ports: 22, source: 10.0.0.0/8}
      - {protocol: tcp, ports: 22-23, source: 10.0.0.0/8}
)");
  EXPECT_FALSE(mutate(policy, sources, named(policy, "ports 22 widened to 22-23")));
  EXPECT_TRUE(mutate(policy, sources, named(policy, "ports 22 widened to 21-22")));
}

}  // namespace
}  // namespace vpcwall

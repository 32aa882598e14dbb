// Quotas at their bounds, and policies that no file was read for.
#include "policy/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/default_objects.h"
#include "policy/identity.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> mistakes(const Policy& policy) {
  std::vector<std::string> lines;
  for (const Diagnostic& diagnostic : validate(policy)) lines.push_back(to_string(diagnostic));
  return lines;
}

Policy base(const std::string& more = {}) {
  const auto loaded = load_policy(
      "version: 1\nvpc: {cidr: 10.0.0.0/16}\nsecurity_groups: [{name: g, egress: []}]\n"
      "network_acls: [{name: a}]\nsubnets: [{name: s, cidr: 10.0.1.0/24}]\n" +
          more,
      "p");
  EXPECT_TRUE(loaded.policy);
  return loaded.policy.value_or(Policy{});
}

SecurityGroup& group(Policy& policy) { return policy.security_groups.back(); }
NetworkAcl& acl(Policy& policy) { return policy.network_acls.back(); }

void add_rule(Policy& policy, Direction direction, const Peer& peer, std::uint16_t port) {
  SecurityGroupRule rule;
  rule.traffic = {Protocol::tcp, {port, port}, {}, {}};
  rule.peer = peer;
  rule.id = derive_rule_id(group(policy).id, direction, rule.traffic, peer);
  (direction == Direction::ingress ? group(policy).ingress : group(policy).egress).push_back(rule);
}

void add_entry(Policy& policy, const char* cidr, std::uint16_t number) {
  NetworkAclEntry entry;
  entry.number = number;
  entry.cidr = *parse_prefix(cidr);
  acl(policy).ingress.push_back(entry);
}

const Peer v4 = *parse_prefix("10.0.0.0/8");
const Peer v6 = *parse_prefix("::/0");

TEST(RuleQuota, IsCountedPerDirectionAndFamily) {  // S-25, S-26, T-258
  Policy policy = base();
  for (std::uint16_t port = 1; port <= 60; ++port) add_rule(policy, Direction::ingress, v4, port);
  EXPECT_THAT(mistakes(policy), IsEmpty());
  add_rule(policy, Direction::ingress, v6, 1);
  add_rule(policy, Direction::egress, v4, 1);
  EXPECT_THAT(mistakes(policy), IsEmpty());
  add_rule(policy, Direction::ingress, v4, 61);
  EXPECT_THAT(
      mistakes(policy),
      ElementsAre(testing::AllOf(HasSubstr("found 61 IPv4 ingress rules in group \"g\", expected at most 60"),
                                 HasSubstr("[RulesPerSecurityGroupLimitExceeded]"))));
}

TEST(RuleQuota, CountsAGroupReferenceInBothFamilies) {  // S-33
  Policy policy = base();
  for (std::uint16_t port = 1; port <= 60; ++port)
    add_rule(policy, Direction::ingress, GroupReference{group(policy).id}, port);
  EXPECT_THAT(mistakes(policy), IsEmpty());
  add_rule(policy, Direction::ingress, v6, 1);
  EXPECT_THAT(mistakes(policy), ElementsAre(HasSubstr("found 61 IPv6 ingress rules")));
}

TEST(RuleQuota, CountsAPrefixListAsItsMaximumEntries) {  // S-31, T-260
  Policy policy =
      base("prefix_lists: [{id: pl-1, name: l, max_entries: 55, entries: [{cidr: 203.0.113.0/24}]}]\n");
  add_rule(policy, Direction::ingress, PrefixListReference{"pl-1"}, 1);
  for (std::uint16_t port = 1; port <= 5; ++port) add_rule(policy, Direction::ingress, v4, port);
  add_rule(policy, Direction::ingress, v6, 1);
  EXPECT_THAT(mistakes(policy), IsEmpty());
  add_rule(policy, Direction::ingress, v4, 6);
  EXPECT_THAT(mistakes(policy), ElementsAre(HasSubstr("found 61 IPv4 ingress rules")));
}

TEST(RuleQuota, MayBeRaised) {
  Policy policy = base("quotas: {rules_per_group: 61}\n");
  for (std::uint16_t port = 1; port <= 61; ++port) add_rule(policy, Direction::ingress, v4, port);
  EXPECT_THAT(mistakes(policy), IsEmpty());
}

TEST(EntryQuota, IsCountedPerDirectionAndFamily) {  // N-27, N-28, T-252
  Policy policy = base();
  for (std::uint16_t number = 1; number <= 20; ++number) add_entry(policy, "0.0.0.0/0", number);
  add_entry(policy, "::/0", 100);
  EXPECT_THAT(mistakes(policy), IsEmpty());
  add_entry(policy, "0.0.0.0/0", 21);
  EXPECT_THAT(mistakes(policy),
              ElementsAre(testing::AllOf(
                  HasSubstr("found 21 IPv4 ingress entries in network ACL \"a\", expected at most 20"),
                  HasSubstr("[NetworkAclEntryLimitExceeded]"))));
}

TEST(GroupQuota, IsPerInterface) {  // S-24, T-257
  for (const auto& [quota, groups] :
       {std::pair{5U, 5U}, std::pair{5U, 6U}, std::pair{16U, 16U}, std::pair{16U, 17U}}) {
    Policy policy = base("interfaces: [{name: i, subnet: s, addresses: [10.0.1.9]}]\n");
    policy.quotas.groups_per_interface = quota;
    Interface& interface = policy.interfaces.front();
    interface.security_groups.clear();
    for (unsigned i = 0; i < groups; ++i) {
      SecurityGroup& added = policy.security_groups.emplace_back();
      added.name = "g" + std::to_string(i);
      added.id = derive_id("sg", added.name);
      interface.security_groups.push_back(added.id);
    }
    if (groups <= quota) {
      EXPECT_THAT(mistakes(policy), IsEmpty());
    } else {
      EXPECT_THAT(mistakes(policy), ElementsAre(HasSubstr("[SecurityGroupsPerInterfaceLimitExceeded]")));
    }
  }
}

TEST(GroupQuota, IsPerRegion) {  // S-28: the group default counts as well
  Policy policy = base("quotas: {groups_per_region: 3}\n");
  for (const char* name : {"h", "i"}) {
    SecurityGroup& added = policy.security_groups.emplace_back();
    added.name = name;
    added.id = derive_id("sg", added.name);
    if (policy.security_groups.size() == 3) {
      EXPECT_THAT(mistakes(policy), IsEmpty());
    }
  }
  EXPECT_THAT(mistakes(policy),
              ElementsAre(testing::AllOf(HasSubstr("found 4 security groups, expected at most 3"),
                                         HasSubstr("[SecurityGroupLimitExceeded]"))));
}

TEST(AclQuota, IsPerVpc) {  // N-27: the default network ACL counts as well
  Policy policy = base();
  for (int i = 2; i < 201; ++i) {
    EXPECT_THAT(mistakes(policy), IsEmpty()) << i;
    NetworkAcl& added = policy.network_acls.emplace_back();
    added.name = "acl" + std::to_string(i);
    added.id = derive_id("acl", added.name);
  }
  EXPECT_THAT(mistakes(policy),
              ElementsAre(testing::AllOf(HasSubstr("found 201 network ACLs, expected at most 200"),
                                         HasSubstr("[NetworkAclLimitExceeded]"))));
}

TEST(PrefixListQuota, IsPerReference) {  // S-30
  Policy policy = base(
      "quotas: {references_per_prefix_list: 2}\n"
      "prefix_lists: [{id: pl-1, name: l, entries: [{cidr: 203.0.113.0/24}]}, {id: pl-2, entries: []}]\n");
  add_rule(policy, Direction::ingress, PrefixListReference{"pl-1"}, 1);
  add_rule(policy, Direction::egress, PrefixListReference{"pl-1"}, 1);
  add_rule(policy, Direction::ingress, PrefixListReference{"pl-2"}, 1);
  EXPECT_THAT(mistakes(policy), IsEmpty());
  add_rule(policy, Direction::ingress, PrefixListReference{"pl-1"}, 2);
  add_rule(policy, Direction::ingress, PrefixListReference{"pl-1"}, 3);
  EXPECT_THAT(mistakes(policy), ElementsAre(HasSubstr("more than 2 rules with the prefix list \"l\"")));
}

// Beyond these the compiled form could not number them.
TEST(Validate, RefusesWhatAFileCannotSay) {
  Policy policy = base("interfaces: [{name: i, subnet: s, addresses: [10.0.1.9]}]\n");
  policy.interfaces[0].addresses.clear();
  EXPECT_THAT(mistakes(policy), ElementsAre(HasSubstr("found an interface without addresses")));
  policy = base();
  add_rule(policy, Direction::ingress, *parse_prefix("10.0.0.0/8"), 22);
  group(policy).ingress.back().traffic.ports = {22, 21};
  EXPECT_THAT(mistakes(policy), ElementsAre(HasSubstr("expected the smaller first")));
}

TEST(Validate, RefusesMoreInterfacesThanThereAreNumbersFor) {
  const auto over_quota = [](const Policy& policy) {
    Reporter reporter{std::string{}};
    check_quotas({policy, SourceMap{}, true, true, reporter});
    std::vector<std::string> lines;
    for (const Diagnostic& diagnostic : reporter.take()) lines.push_back(to_string(diagnostic));
    return lines;
  };
  Policy policy;
  policy.interfaces.resize(65535);
  policy.subnets.resize(65535);
  EXPECT_THAT(over_quota(policy), IsEmpty());
  policy.interfaces.emplace_back();
  policy.subnets.emplace_back();
  EXPECT_THAT(over_quota(policy), ElementsAre(HasSubstr("found 65536 interfaces, expected at most 65535"),
                                              HasSubstr("found 65536 subnets, expected at most 65535")));
}

TEST(Validate, FindsWhatOnlyAnEditedPolicyCanHave) {
  Policy policy = base("interfaces: [{name: i, subnet: s, addresses: [10.0.1.9]}]\n");
  policy.interfaces[0].subnet = "subnet-9";
  policy.interfaces[0].security_groups = {"sg-9"};
  policy.subnets[0].network_acl = "acl-9";
  add_rule(policy, Direction::ingress, PrefixListReference{"pl-9"}, 1);
  add_entry(policy, "0.0.0.0/0", 32767);
  group(policy).id = "sg-1";
  EXPECT_THAT(mistakes(policy),
              testing::UnorderedElementsAre(HasSubstr("found \"subnet-9\", which no subnet has"),
                                            HasSubstr("found \"sg-9\", which no security group has"),
                                            HasSubstr("found \"acl-9\", which no network ACL has"),
                                            HasSubstr("found \"pl-9\", which no prefix list has"),
                                            HasSubstr("found rule number 32767, expected 1 to 32766")));
}

TEST(Validate, MissesTheDefaults) {
  Policy policy = base();
  std::erase_if(policy.security_groups,
                [](const SecurityGroup& each) { return each.name == default_object_name; });
  policy.default_network_acl = "acl-9";
  EXPECT_THAT(mistakes(policy),
              ElementsAre(HasSubstr("no security group named default"), HasSubstr("no default network ACL")));
}

}  // namespace
}  // namespace vpcwall

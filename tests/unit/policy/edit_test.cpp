#include "policy/edit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/policies.h"

namespace vpcwall {
namespace {

using test::policy_of;

Policy policy() {
  return policy_of(R"(
version: 1
vpc: {cidr: 10.0.0.0/16}
prefix_lists: [{id: pl-1, name: office, max_entries: 2, entries: [{cidr: 203.0.113.0/28}]}]
security_groups:
  - {id: sg-1, name: web, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24, description: a}]}
  - {id: sg-2, name: db, ingress: [{protocol: tcp, ports: 3306, source: {group: web}}]}
  - {id: sg-3, name: free}
network_acls:
  - {id: acl-1, name: public, ingress: [{rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}]}
  - {id: acl-2, name: unused}
subnets: [{id: subnet-1, name: A, cidr: 10.0.0.0/24, network_acl: public}]
interfaces: [{id: eni-1, name: a1, subnet: A, addresses: [10.0.0.5], security_groups: [db]}]
)");
}

SecurityGroupRule rule(std::uint16_t port, const char* cidr, const char* description = "") {
  SecurityGroupRule result;
  result.id = "sgr-" + std::to_string(port);
  result.traffic.protocol = Protocol::tcp;
  result.traffic.ports = {port, port};
  result.peer = *parse_prefix(cidr);
  result.description = description;
  return result;
}

NetworkAclEntry entry(std::uint16_t number, Action action = Action::allow) {
  NetworkAclEntry result;
  result.number = number;
  result.action = action;
  result.cidr = *parse_prefix("10.0.0.0/8");
  return result;
}

std::string code(std::initializer_list<Edit> edits) {
  const Policy before = policy();
  const auto after = apply_edits(before, std::vector<Edit>(edits));
  return after ? "accepted" : after.error().aws_code;
}

const SecurityGroup& group(const Policy& policy, std::string_view id) {
  return *std::find_if(policy.security_groups.begin(), policy.security_groups.end(),
                       [&](const SecurityGroup& one) { return one.id == id; });
}

TEST(Edit, AddsAndRemovesRules) {
  const auto added =
      apply_edits(policy(), std::vector<Edit>{AddRule{"sg-1", Direction::ingress, rule(443, "0.0.0.0/0")}});
  ASSERT_TRUE(added);
  EXPECT_EQ(group(*added, "sg-1").ingress.size(), 2U);
  const auto removed =
      apply_edits(*added, std::vector<Edit>{RemoveRule{"sg-1", Direction::ingress, rule(443, "0.0.0.0/0")}});
  ASSERT_TRUE(removed);
  EXPECT_EQ(*removed, policy());
}

// S-73, S-74: the description is no part of a rule's identity, and a CIDR counts in its canonical form.
TEST(Edit, RefusesARuleThatIsThereAlready) {
  EXPECT_EQ(code({AddRule{"sg-1", Direction::ingress, rule(22, "203.0.113.0/24", "b")}}),
            "InvalidPermission.Duplicate");
  EXPECT_EQ(code({AddRule{"sg-1", Direction::ingress, rule(22, "203.0.113.77/24")}}),
            "InvalidPermission.Duplicate");
  EXPECT_EQ(code({AddRule{"sg-1", Direction::egress, rule(22, "203.0.113.0/24")}}), "accepted");
}

// S-76, S-77
TEST(Edit, RemovesARuleByItsProperties) {
  EXPECT_EQ(code({RemoveRule{"sg-1", Direction::ingress, rule(22, "203.0.113.0/24")}}), "accepted");
  EXPECT_EQ(code({RemoveRule{"sg-1", Direction::ingress, rule(22, "203.0.113.0/24", "a")}}), "accepted");
  EXPECT_EQ(code({RemoveRule{"sg-1", Direction::ingress, rule(22, "203.0.113.0/24", "b")}}),
            "InvalidPermission.NotFound");
  EXPECT_EQ(code({RemoveRule{"sg-1", Direction::ingress, rule(22, "0.0.0.0/0")}}),
            "InvalidPermission.NotFound");
  EXPECT_EQ(code({RemoveRule{"sg-1", Direction::egress, rule(22, "203.0.113.0/24")}}),
            "InvalidPermission.NotFound");
}

// N-4, N-9, N-21
TEST(Edit, AddsReplacesAndRemovesEntries) {
  EXPECT_EQ(code({AddEntry{"acl-1", Direction::ingress, entry(110)}}), "accepted");
  EXPECT_EQ(code({AddEntry{"acl-1", Direction::ingress, entry(100)}}), "NetworkAclEntryAlreadyExists");
  EXPECT_EQ(code({AddEntry{"acl-1", Direction::egress, entry(100)}}), "accepted");
  EXPECT_EQ(code({ReplaceEntry{"acl-1", Direction::ingress, entry(100, Action::deny)}}), "accepted");
  EXPECT_EQ(code({ReplaceEntry{"acl-1", Direction::ingress, entry(110)}}), "InvalidNetworkAclEntry.NotFound");
  EXPECT_EQ(code({RemoveEntry{"acl-1", Direction::ingress, 100}}), "accepted");
  EXPECT_EQ(code({RemoveEntry{"acl-1", Direction::egress, 100}}), "InvalidNetworkAclEntry.NotFound");
}

// S-81, S-15
TEST(Edit, DeletesOnlyAGroupThatNobodyUses) {
  EXPECT_EQ(code({DeleteGroup{"sg-1"}}), "InvalidGroup.InUse") << "db refers to it";
  EXPECT_EQ(code({DeleteGroup{"sg-2"}}), "InvalidGroup.InUse") << "a1 has it";
  EXPECT_EQ(code({DeleteGroup{"sg-3"}}), "accepted");
  EXPECT_EQ(code({DeleteGroup{"sg-9"}}), "InvalidGroup.NotFound");
  Policy before = policy();
  std::string id;
  for (const SecurityGroup& one : before.security_groups)
    if (one.name == "default") id = one.id;
  EXPECT_EQ(code({DeleteGroup{id}}), "CannotDelete");
}

// N-24
TEST(Edit, DeletesOnlyAnAclThatNoSubnetUses) {
  EXPECT_EQ(code({DeleteAcl{"acl-1"}}), "DependencyViolation");
  EXPECT_EQ(code({DeleteAcl{"acl-2"}}), "accepted");
  EXPECT_EQ(code({DeleteAcl{policy().default_network_acl}}), "InvalidParameterValue");
  EXPECT_EQ(code({AssociateAcl{"subnet-1", "acl-2"}, DeleteAcl{"acl-1"}}), "accepted");
}

TEST(Edit, NamesWhatIsNotThere) {
  EXPECT_EQ(code({AssociateAcl{"subnet-9", "acl-1"}}), "InvalidSubnetID.NotFound");
  EXPECT_EQ(code({AssociateAcl{"subnet-1", "acl-9"}}), "InvalidNetworkAclID.NotFound");
  EXPECT_EQ(code({SetGroups{"eni-9", {"sg-1"}}}), "InvalidNetworkInterfaceID.NotFound");
  EXPECT_EQ(code({SetGroups{"eni-1", {"sg-9"}}}), "InvalidGroup.NotFound");
  EXPECT_EQ(code({SetSourceDestCheck{"eni-9", false}}), "InvalidNetworkInterfaceID.NotFound");
  EXPECT_EQ(code({SetListEntries{"pl-9", {}}}), "InvalidPrefixListID.NotFound");
  EXPECT_EQ(code({SetListEntries{"pl-1", {}}}), "accepted");
  EXPECT_EQ(code({SetGroups{"eni-1", {"sg-1", "sg-3"}}}), "accepted");
}

// N-22, our choice: a change set is applied wholly or not at all, and in order.
TEST(Edit, AChangeSetIsWhole) {
  EXPECT_EQ(code({RemoveEntry{"acl-1", Direction::ingress, 100},
                  AddEntry{"acl-1", Direction::ingress, entry(100)}}),
            "accepted");
  EXPECT_EQ(code({AddEntry{"acl-1", Direction::ingress, entry(110)},
                  RemoveEntry{"acl-1", Direction::ingress, 120}}),
            "InvalidNetworkAclEntry.NotFound");
}

}  // namespace
}  // namespace vpcwall

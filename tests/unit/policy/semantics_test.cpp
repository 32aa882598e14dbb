// AWS's numbers and bounds, and what makes two rules the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/policy_yaml.h"
#include "policy/validate.h"

namespace vpcwall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string head = "version: 1\nvpc: {cidr: 10.0.0.0/16}\n";

std::vector<std::string> findings(const std::string& text) {
  std::vector<std::string> lines;
  for (const Diagnostic& diagnostic : load_policy(head + text, "p").diagnostics)
    lines.push_back(to_string(diagnostic));
  return lines;
}

TEST(PolicySemantics, DefaultsAreAwsNumbers) {
  const auto loaded = load_policy(head, "p");
  ASSERT_TRUE(loaded.policy);
  EXPECT_EQ(loaded.policy->quotas.groups_per_region, 2500U);                         // S-28
  EXPECT_EQ(loaded.policy->quotas.groups_per_interface, 5U);                         // S-24
  EXPECT_EQ(loaded.policy->quotas.rules_per_group, 60U);                             // S-25, S-26
  EXPECT_EQ(loaded.policy->quotas.entries_per_prefix_list, 1000U);                   // S-29
  EXPECT_EQ(loaded.policy->quotas.references_per_prefix_list, 10000U);               // S-30
  EXPECT_EQ(loaded.policy->quotas.acls_per_vpc, 200U);                               // N-27
  EXPECT_EQ(loaded.policy->quotas.entries_per_acl, 20U);                             // N-27
  EXPECT_EQ(Tracking{}.tcp_established, 432000U);                                    // C-30
  EXPECT_EQ(Tracking{}.udp, 30U);                                                    // C-32
  EXPECT_EQ(Tracking{}.udp_stream, 180U);                                            // C-33
  EXPECT_EQ(loaded.policy->behavior.flows_per_interface, 136812U);                   // C-59, C-60
  EXPECT_EQ(loaded.policy->behavior.tcp_midstream, Behavior::TcpMidstream::strict);  // C-43
  EXPECT_EQ(loaded.policy->behavior.icmp_related, Behavior::IcmpRelated::aws);       // C-51
  EXPECT_TRUE(loaded.policy->auto_tracked.empty());                                  // C-19
  EXPECT_TRUE(loaded.policy->behavior.sg_identity_lost.empty());                     // S-51
}

TEST(PolicySemantics, BoundsAreInclusive) {
  const auto with_entry = [](const char* number) {
    return findings(std::string("network_acls: [{name: a, ingress: [{rule: ") + number +
                    ", action: deny, protocol: all, cidr: 0.0.0.0/0}]}]\n");
  };
  EXPECT_THAT(with_entry("1"), IsEmpty());  // N-6
  EXPECT_THAT(with_entry("32766"), IsEmpty());
  EXPECT_THAT(with_entry("0"), testing::SizeIs(1));
  EXPECT_THAT(with_entry("32767"), testing::SizeIs(1));
  for (const char* tracking : {"tcp_established: 60", "tcp_established: 432000", "udp: 30", "udp: 60",
                               "udp_stream: 60", "udp_stream: 180"})  // C-30, C-32, C-33
    EXPECT_THAT(
        findings(std::string("subnets: [{name: s, cidr: 10.0.1.0/24}]\ninterfaces: [{name: i, subnet: "
                             "s, addresses: [10.0.1.9], tracking: {") +
                 tracking + "}}]\n"),
        IsEmpty())
        << tracking;
}

TEST(PolicySemantics, ANumberMayStandOnceInEachDirection) {  // N-4
  EXPECT_THAT(
      findings("network_acls: [{name: a, ingress: [{rule: 100, action: deny, protocol: all, cidr: "
               "0.0.0.0/0}], egress: [{rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}]}]\n"),
      IsEmpty());
}

TEST(PolicySemantics, ARuleIsTheSameHoweverItsRangeIsWritten) {  // S-73
  EXPECT_THAT(
      findings("security_groups: [{name: g, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}, "
               "{protocol: tcp, ports: 22, source: 203.0.113.77/24}]}]\n"),
      testing::UnorderedElementsAre(HasSubstr("[InvalidPermission.Duplicate]"),
                                    HasSubstr("warning: found \"203.0.113.77/24\"")));
}

TEST(PolicySemantics, OverlappingRulesStandSideBySide) {  // S-74
  EXPECT_THAT(
      findings("security_groups: [{name: g, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}, "
               "{protocol: tcp, ports: 22-23, source: 203.0.113.0/24}, {protocol: tcp, ports: 22, source: "
               "203.0.113.0/25}, {protocol: all, source: 203.0.113.0/24}]}]\n"),
      IsEmpty());
}

}  // namespace
}  // namespace vpcwall

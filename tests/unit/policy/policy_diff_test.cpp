#include "policy/policy_diff.h"

#include <gtest/gtest.h>

#include "policy/policy_yaml.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using test::policy_of;

constexpr const char* base = R"(version: 1
vpc: {cidr: 10.0.0.0/16}
prefix_lists: [{id: pl-0a, name: office, max_entries: 5, entries: [{cidr: 203.0.113.0/28}, {cidr: 198.51.100.0/24}]}]
security_groups:
  - {id: sg-0a, name: web, ingress: [{id: sgr-0a, protocol: tcp, ports: 22, source: pl-0a}, {protocol: tcp, ports: 80, source: 0.0.0.0/0}]}
  - {id: sg-0b, name: db, ingress: [{protocol: tcp, ports: 3306, source: {group: web}}]}
network_acls:
  - {id: acl-0a, name: public, ingress: [{rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}]}
subnets: [{id: subnet-0a, name: A, cidr: 10.0.0.0/24, network_acl: public}]
interfaces: [{id: eni-0a, name: a1, subnet: A, addresses: [10.0.0.5], security_groups: [db]}]
)";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

std::string text_of(const PolicyChange& change) {
  std::string text(to_string(change.object));
  for (const std::string& part : {change.name, change.part, change.rule})
    if (!part.empty()) text += ' ' + part;
  if (change.direction) text += change.direction == Direction::ingress ? " in" : " out";
  return text + ": " + change.before.value_or("nothing") + " -> " + change.after.value_or("nothing");
}

std::vector<std::string> changes(const std::string& what, const std::string& by) {
  std::vector<std::string> all;
  for (const PolicyChange& change : diff_policies(policy_of(base), policy_of(replaced(base, what, by))))
    all.push_back(text_of(change));
  return all;
}

using Changes = std::vector<std::string>;

TEST(PolicyDiff, EqualPoliciesDifferInNothing) {
  EXPECT_TRUE(diff_policies(policy_of(base), policy_of(base)).empty());
  EXPECT_TRUE(diff_policies(policy_of(base), policy_of(emit_policy(policy_of(base)))).empty());
}

TEST(PolicyDiff, ARuleThatMovedDidNotChange) {
  EXPECT_EQ(
      changes("{id: sgr-0a, protocol: tcp, ports: 22, source: pl-0a}, {protocol: tcp, ports: 80, source: "
              "0.0.0.0/0}",
              "{protocol: tcp, ports: 80, source: 0.0.0.0/0}, {protocol: tcp, ports: 22, source: pl-0a}"),
      Changes{})
      << "nor does it matter whether its id is written";
}

TEST(PolicyDiff, RulesAreKnownByWhatTheyMatch) {  // S-74
  const auto found = changes("{protocol: tcp, ports: 80, source: 0.0.0.0/0}",
                             "{protocol: tcp, ports: 443, source: 0.0.0.0/0}");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_NE(found[0].find("in: allow tcp 80 0.0.0.0/0 -> nothing"), std::string::npos) << found[0];
  EXPECT_NE(found[1].find("in: nothing -> allow tcp 443 0.0.0.0/0"), std::string::npos) << found[1];
}

TEST(PolicyDiff, OrByTheirId) {
  EXPECT_EQ(
      changes("{id: sgr-0a, protocol: tcp, ports: 22,",
              "{id: sgr-0a, protocol: tcp, ports: 23, description: x,"),
      (Changes{
          "security-group web rule sgr-0a in: allow tcp 22 prefix list office -> allow tcp 23 prefix list "
          "office \"x\""}));
}

TEST(PolicyDiff, EntriesAreKnownByNumber) {  // N-9
  EXPECT_EQ(changes("{rule: 100, action: allow", "{rule: 100, action: deny"),
            (Changes{"network-acl public entry 100 in: allow all 0.0.0.0/0 -> deny all 0.0.0.0/0"}));
  EXPECT_EQ(changes("{rule: 100, action: allow", "{rule: 90, action: allow"),
            (Changes{"network-acl public entry 90 in: nothing -> allow all 0.0.0.0/0",
                     "network-acl public entry 100 in: allow all 0.0.0.0/0 -> nothing"}));
}

TEST(PolicyDiff, ListsByTheirRanges) {
  EXPECT_EQ(changes("{cidr: 198.51.100.0/24}", "{cidr: 192.0.2.0/24}"),
            (Changes{"prefix-list office entry: 198.51.100.0/24 -> nothing",
                     "prefix-list office entry: nothing -> 192.0.2.0/24"}));
  EXPECT_EQ(changes("max_entries: 5", "max_entries: 6"), (Changes{"prefix-list office max_entries: 5 -> 6"}));
}

TEST(PolicyDiff, AssociationsAndAttachments) {
  EXPECT_EQ(changes(", network_acl: public", ""), (Changes{"subnet A network_acl: public -> default"}));
  EXPECT_EQ(changes("security_groups: [db]", "security_groups: [web, db]"),
            (Changes{"interface a1 security_groups: db -> web, db"}));
  EXPECT_EQ(changes("addresses: [10.0.0.5]", "addresses: [10.0.0.6, 10.0.0.32/28], source_dest_check: false"),
            (Changes{"interface a1 addresses: 10.0.0.5 -> 10.0.0.6, 10.0.0.32/28",
                     "interface a1 source_dest_check: true -> false"}));
  EXPECT_EQ(
      changes("security_groups: [db]}", "security_groups: [db], device: eth0, tracking: {udp: 60}}"),
      (Changes{"interface a1 tracking: tcp_established 432000, udp 30, udp_stream 180 -> tcp_established "
               "432000, udp 60, udp_stream 180",
               "interface a1 device: none -> eth0"}));
}

TEST(PolicyDiff, ObjectsThatAreNewOrGone) {
  const auto found =
      changes("  - {id: sg-0b, name: db, ingress: [{protocol: tcp, ports: 3306, source: {group: web}}]}\n",
              "  - {id: sg-0c, name: db, egress: []}\n");
  Changes whole;
  for (const std::string& one : found)
    if (one.find(" rule ") == std::string::npos) whole.push_back(one);
  EXPECT_EQ(whole, (Changes{"security-group db: db -> nothing", "security-group db: nothing -> db"}))
      << "the interface still carries a group of that name";
  EXPECT_EQ(found.size(), whole.size() + 2) << "with their rules";
}

TEST(PolicyDiff, RenamedObjects) {
  EXPECT_EQ(changes("{id: eni-0a, name: a1,", "{id: eni-0a, name: front,"),
            (Changes{"interface front name: a1 -> front"}));
}

TEST(PolicyDiff, SettingsAndTheVpc) {
  EXPECT_EQ(
      changes("vpc: {cidr: 10.0.0.0/16}",
              "vpc: {cidr: 10.0.0.0/16, secondary_cidrs: [10.1.0.0/16], router_mac: "
              "\"06:12:34:ab:cd:ef\"}"),
      (Changes{"vpc secondary_cidrs: none -> 10.1.0.0/16", "vpc router_mac: none -> 06:12:34:ab:cd:ef"}));
  EXPECT_EQ(
      changes(
          "interfaces:",
          "auto_tracked: [10.0.0.9/32]\nquotas: {entries_per_acl: 40}\nbehavior: {tcp_midstream: "
          "loose, icmp_related: linux, unlisted_addresses: pass, flows_per_interface: 7, sg_identity_lost: "
          "[192.0.2.0/24]}\ninterfaces:"),
      (Changes{"setting quotas entries_per_acl: 20 -> 40", "setting auto_tracked: none -> 10.0.0.9",
               "setting behavior tcp_midstream: strict -> loose",
               "setting behavior icmp_related: aws -> linux",
               "setting behavior unlisted_addresses: acl -> pass",
               "setting behavior flows_per_interface: 136812 -> 7",
               "setting behavior sg_identity_lost: none -> 192.0.2.0/24"}));
}

TEST(PolicyDiff, SaysWhereThingsStand) {
  const auto found =
      diff_policies(policy_of(base),
                    policy_of(replaced(replaced(base, "rule: 100, action: allow", "rule: 100, action: deny"),
                                       "version: 1\n", "version: 1\n\n")));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].before_at.line, 8U);
  EXPECT_EQ(found[0].after_at.line, 9U);
  EXPECT_GT(found[0].before_at.column, 1U);
}

}  // namespace
}  // namespace vpcwall

// Every mistake that AWS's API would refuse as well has the API's error code; every other one has none.
// Facts: S-35, S-37, S-54, S-60, S-63, S-73, S-75, S-82, S-84, N-6, N-9, N-11, N-17 to N-19, N-27, N-28.
#include <gtest/gtest.h>

#include "policy/default_objects.h"
#include "policy/policy_yaml.h"
#include "policy/validate.h"

namespace vpcwall {
namespace {

struct Row {
  std::string mistake;  // what follows the first two lines of the file
  std::string code;     // none: ours alone
};

// Each text has one error.
void expect_codes(const std::vector<Row>& rows, const std::string& head) {
  for (const Row& row : rows) {
    std::vector<Diagnostic> errors = load_policy(head + row.mistake, "p").diagnostics;
    std::erase_if(errors, [](const Diagnostic& one) { return one.severity != Severity::error; });
    ASSERT_EQ(errors.size(), 1U) << row.mistake;
    EXPECT_EQ(errors[0].aws_code, row.code) << row.mistake << '\n' << to_string(errors[0]);
  }
}
void expect_codes(const std::vector<Row>& rows) {
  expect_codes(rows, "version: 1\nvpc: {cidr: 10.0.0.0/16, ipv6_cidr: 2001:db8::/56}\n");
}

std::string rule(const std::string& text) {
  return "security_groups: [{name: g, ingress: [" + text + "]}]\n";
}
std::string entry(const std::string& text) { return "network_acls: [{name: a, ingress: [" + text + "]}]\n"; }
std::string list(const std::string& text) { return "prefix_lists: [{name: l, " + text + "}]\n"; }
std::string interface(const std::string& text) {
  return "subnets: [{name: s, cidr: 10.0.1.0/24}]\ninterfaces: [{name: i, " + text + "}]\n";
}

// `text(0)`, `text(1)`, … as many as wanted, between commas.
template <class Text>
std::string many(unsigned count, Text text) {
  std::string all;
  for (unsigned i = 0; i < count; ++i) all += (i == 0 ? "" : ", ") + text(std::to_string(i));
  return all;
}

TEST(AwsCodes, OfSecurityGroups) {
  const auto group = [](const std::string& number) { return "{name: g" + number + '}'; };
  expect_codes({
      {"security_groups: [{description: x}]\n", "MissingParameter"},
      {"security_groups: [{id: sg-1}]\n", "MissingParameter"},
      {"security_groups: [{name: \"   \"}]\n", "MissingParameter"},
      {"security_groups: [{name: web}, {name: Web}]\n", "InvalidGroup.Duplicate"},
      {"security_groups: [{name: DEFAULT}]\n", "InvalidGroup.Reserved"},
      {"security_groups: [{name: sg-web}]\n", "InvalidParameterValue"},
      {"security_groups: [{name: " + std::string(256, 'a') + "}]\n", "InvalidParameterValue"},
      {"security_groups: [{name: caf\xC3\xA9}]\n", "InvalidParameterValue"},
      {"security_groups: [{name: g, description: \"<b>\"}]\n", "InvalidParameterValue"},
      {"security_groups: [{id: sg-g, name: g}]\n", "InvalidGroupId.Malformed"},
      {"quotas: {groups_per_region: 2}\nsecurity_groups: [" + many(2, group) + "]\n",
       "SecurityGroupLimitExceeded"},
      {"security_groups: [{id: sg-1, name: a}, {id: sg-1, name: b}]\n", ""},  // AWS gives the ids
      {"security_groups: [{name: g, rules: []}]\n", ""},
      {"security_groups: {}\n", ""},
  });
}

TEST(AwsCodes, OfRules) {
  const auto port = [](const std::string& number) {
    return "{protocol: tcp, ports: " + number + ", source: 10.0.0.0/8}";
  };
  expect_codes({
      {rule("{ports: 1, source: 10.0.0.0/8}"), "InvalidParameterValue"},
      {rule("{protocol: esp, source: 10.0.0.0/8}"), "InvalidParameterValue"},
      {rule("{protocol: tcp, source: 10.0.0.0/8}"), "InvalidParameterValue"},
      {rule("{protocol: tcp, ports: 65536, source: 10.0.0.0/8}"), "InvalidParameterValue"},
      {rule("{protocol: tcp, ports: 443-80, source: 10.0.0.0/8}"), "InvalidParameterValue"},
      {rule("{protocol: icmp, type: 256, source: 10.0.0.0/8}"), "InvalidParameterValue"},
      {rule("{protocol: icmp, type: 8, code: 256, source: 10.0.0.0/8}"), "InvalidParameterValue"},
      {rule("{protocol: icmp, source: 10.0.0.0/8}"), "InvalidPermission.Malformed"},
      {rule("{protocol: icmp, type: all, code: 4, source: 10.0.0.0/8}"), "InvalidPermission.Malformed"},
      {rule("{protocol: icmpv6, code: 4, source: ::/0}"), "InvalidPermission.Malformed"},
      {rule("{protocol: udp, ports: 1, type: 8, source: 10.0.0.0/8}"), "InvalidPermission.Malformed"},
      {rule("{protocol: all}"), "MissingParameter"},
      {rule("{protocol: all, source: {}}"), "MissingParameter"},
      {rule("{protocol: all, source: {group: default, prefix_list: l}}"), "InvalidParameterCombination"},
      {rule("{protocol: all, source: 10.0.0.1}"), "InvalidParameterValue"},
      {rule("{protocol: all, source: 10.0.0.0/33}"), "InvalidParameterValue"},
      {rule("{protocol: all, source: anywhere}"), "InvalidParameterValue"},
      {rule("{protocol: all, source: {group: db}}"), "InvalidGroup.NotFound"},
      {rule("{protocol: all, source: sg-x}"), "InvalidGroupId.Malformed"},
      {rule("{protocol: all, source: {prefix_list: office}}"), "InvalidPrefixListID.NotFound"},
      {rule("{protocol: all, source: pl-office}"), "InvalidPrefixListID.Malformed"},
      {rule("{id: sgr-x, protocol: all, source: ::/0}"), "InvalidSecurityGroupRuleId.Malformed"},
      {rule("{protocol: all, source: ::/0, description: \"<b>\"}"), "InvalidParameterValue"},
      {rule("{protocol: all, source: ::/0}, {protocol: -1, source: ::/0, description: again}"),
       "InvalidPermission.Duplicate"},
      {rule(many(61, port)), "RulesPerSecurityGroupLimitExceeded"},
      {"quotas: {references_per_prefix_list: 1}\n"
       "prefix_lists: [{name: l, entries: []}]\n" +
           rule("{protocol: all, source: {prefix_list: l}}, {protocol: 47, source: {prefix_list: l}}"),
       ""},  // S-30: AWS publishes none
      {rule("{protocol: all, destination: ::/0}"), ""},
      {rule("{id: sgr-1, protocol: all, source: ::/0}, {id: sgr-1, protocol: 47, source: ::/0}"), ""},
  });
}

TEST(AwsCodes, OfNetworkAcls) {
  const auto numbered = [](const std::string& number) {
    return "{rule: 1" + number + ", action: deny, protocol: all, cidr: ::/0}";
  };
  const auto acl = [](const std::string& number) { return "{name: a" + number + '}'; };
  expect_codes({
      {entry("{rule: 0, action: allow, protocol: all, cidr: ::/0}"), "InvalidParameterValue"},
      {entry("{rule: 32767, action: allow, protocol: all, cidr: ::/0}"), "InvalidParameterValue"},
      {entry("{action: allow, protocol: all, cidr: ::/0}"), "MissingParameter"},
      {entry("{rule: 1, protocol: all, cidr: ::/0}"), "MissingParameter"},
      {entry("{rule: 1, action: allow, protocol: all}"), "MissingParameter"},
      {entry("{rule: 1, action: allow, cidr: ::/0}"), "InvalidParameterValue"},
      {entry("{rule: 1, action: permit, protocol: all, cidr: ::/0}"), "InvalidParameterValue"},
      {entry("{rule: 1, action: allow, protocol: tcp, cidr: ::/0}"), "InvalidParameterValue"},
      {entry("{rule: 1, action: allow, protocol: icmp, cidr: 0.0.0.0/0}"), "InvalidParameterValue"},
      {entry("{rule: 1, action: allow, protocol: icmpv6, cidr: ::/0}"), "InvalidParameterValue"},
      {entry("{rule: 1, action: allow, protocol: all, cidr: sg-1}"), "InvalidParameterValue"},
      {entry("{rule: 1, action: allow, protocol: all, cidr: 10.0.0.1}"), "InvalidParameterValue"},
      {entry("{rule: 1, action: allow, protocol: all, cidr: ::/0}, {rule: 1, action: deny, protocol: all, "
             "cidr: 0.0.0.0/0}"),
       "NetworkAclEntryAlreadyExists"},
      {entry(many(21, numbered)), "NetworkAclEntryLimitExceeded"},
      {"network_acls: [" + many(200, acl) + "]\n", "NetworkAclLimitExceeded"},
      {"network_acls: [{id: acl-x}]\n", "InvalidNetworkAclId.Malformed"},
      {"network_acls: [{ingress: []}]\n", ""},  // the API knows no names
      {"network_acls: [{name: a}, {name: a}]\n", ""},
  });
}

TEST(AwsCodes, OfPrefixLists) {
  expect_codes({
      {"prefix_lists: [{entries: []}]\n", "MissingParameter"},
      {"prefix_lists: [{id: pl-l, entries: []}]\n", "InvalidPrefixListID.Malformed"},
      {list("entries: [{description: x}]"), "MissingParameter"},
      {list("entries: [{cidr: 10.0.0.1}]"), "InvalidParameterValue"},
      {list("entries: [{cidr: 10.0.0.0/8, description: \"<b>\"}]"), "InvalidParameterValue"},
      {list("entries: [{cidr: 10.0.0.0/8}, {cidr: ::/0}]"), "InvalidParameterValue"},
      {list("entries: [{cidr: 10.0.0.0/8}, {cidr: 10.0.0.0/8}]"), "InvalidPrefixListModification"},
      {list("max_entries: 0, entries: []"), "InvalidParameterValue"},
      {list("max_entries: 1001, entries: []"), "PrefixListMaxEntriesExceeded"},
      {list("max_entries: 1, entries: [{cidr: 10.0.0.0/8}, {cidr: 11.0.0.0/8}]"),
       "PrefixListMaxEntriesExceeded"},
      {"prefix_lists: [{name: l}]\n", ""},  // the API makes it empty
  });
}

TEST(AwsCodes, OfTheVpcAndSubnets) {
  expect_codes(
      {
          {"vpc: {}\n", "MissingParameter"},
          {"vpc: {cidr: ::/56}\n", "InvalidParameterValue"},
          {"vpc: {cidr: 10.0.0.0}\n", "InvalidParameterValue"},
          {"vpc: {cidr: 10.0.0.0/16, secondary_cidrs: [10.0.1.0/24]}\n", "InvalidVpc.Range"},
          {"vpc: {cidr: 10.0.0.0/16, router_mac: none}\n", ""},
          {"vpc: {cidr: 10.0.0.0/16, secondary_cidrs: [2001:db8::/56]}\n", ""},
          {"{}\n", ""},
      },
      "version: 1\n");
  expect_codes({
      {"subnets: [{name: s}]\n", "MissingParameter"},
      {"subnets: [{name: s, cidr: 10.0.1.0}]\n", "InvalidParameterValue"},
      {"subnets: [{name: s, cidr: 2001:db8::/64}]\n", "InvalidParameterValue"},
      {"subnets: [{name: s, cidr: 10.1.0.0/24}]\n", "InvalidSubnet.Range"},
      {"subnets: [{name: s, cidr: 10.0.0.0/24}, {name: t, cidr: 10.0.0.0/25}]\n", "InvalidSubnet.Conflict"},
      {"subnets: [{name: s, cidr: 10.0.0.0/24, network_acl: a}]\n", "InvalidNetworkAclID.NotFound"},
      {"subnets: [{name: s, cidr: 10.0.0.0/24, network_acl: acl-x}]\n", "InvalidNetworkAclId.Malformed"},
      {"subnets: [{id: subnet-s, cidr: 10.0.0.0/24}]\n", "InvalidSubnetID.Malformed"},
      {"subnets: [{name: s, cidr: 10.0.0.0/24}, {name: s, cidr: 10.0.1.0/24}]\n", ""},
  });
}

TEST(AwsCodes, OfInterfaces) {
  const auto group = [](const std::string& number) { return "{name: g" + number + '}'; };
  const auto name = [](const std::string& number) { return 'g' + number; };
  const std::string one = "subnet: s, addresses: [10.0.1.9]";
  expect_codes({
      {interface("addresses: [10.0.1.9]"), "MissingParameter"},
      {interface("subnet: t, addresses: [10.0.1.9]"), "InvalidSubnetID.NotFound"},
      {interface("id: eni-i, " + one), "InvalidNetworkInterfaceId.Malformed"},
      {interface("subnet: s, addresses: [10.0.1]"), "InvalidParameterValue"},
      {interface("subnet: s, addresses: [10.0.2.9]"), "InvalidParameterValue"},
      {interface("subnet: s, addresses: [10.0.1.1]"), "InvalidParameterValue"},
      {interface("subnet: s, addresses: [10.0.1.9, 10.0.1.9]"), "InvalidIPAddress.InUse"},
      {interface(one + ", type: nat"), "InvalidParameterValue"},
      {interface(one + ", security_groups: []"), "MissingParameter"},
      {interface(one + ", security_groups: [web]"), "InvalidGroup.NotFound"},
      {interface(one + ", security_groups: [sg-web]"), "InvalidGroupId.Malformed"},
      {interface(one + ", type: nat_gateway, security_groups: [default]"), "InvalidParameterCombination"},
      {interface(one + ", type: transit_gateway, source_dest_check: true"), "InvalidParameterCombination"},
      {interface(one + ", tracking: {tcp_established: 59}"), "InvalidParameterValue"},
      {interface(one + ", tracking: {udp: 61}"), "InvalidParameterValue"},
      {interface(one + ", tracking: {udp_stream: 181}"), "InvalidParameterValue"},
      {"security_groups: [" + many(6, group) + "]\n" +
           interface(one + ", security_groups: [" + many(6, name) + ']'),
       "SecurityGroupsPerInterfaceLimitExceeded"},
      {interface("subnet: s"), ""},  // AWS chooses the address
      {interface("subnet: s, addresses: []"), ""},
      {interface(one + ", security_groups: [default, default]"), ""},
      {interface(one + ", source_dest_check: maybe"), ""},
      {interface(one + ", device: eth/0"), ""},
  });
}

TEST(AwsCodes, OfSettings) {
  expect_codes({
      {"quotas: {groups_per_interface: 17}\n", "InvalidParameterValue"},
      {"quotas: {rules_per_group: 201}\n", "InvalidParameterValue"},
      {"quotas: {entries_per_acl: 41}\n", "InvalidParameterValue"},
      {"quotas: {acls_per_vpc: 0}\n", "InvalidParameterValue"},
      {"behavior: {flows_per_interface: 0}\n", ""},
      {"behavior: {tcp_midstream: maybe}\n", ""},
      {"behavior: {sg_identity_lost: [10.0.0.0/8, 10.0.0.0/8]}\n", ""},
      {"auto_tracked: [10.0.0.0/8, 10.0.0.0/8]\n", ""},
  });
}

// What no file can have wrong, but a policy that was edited.
TEST(AwsCodes, OfEditedPolicies) {
  struct Edited {
    void (*edit)(Policy&);
    std::string code;
  };
  const auto loaded = load_policy(
      "version: 1\nvpc: {cidr: 10.0.0.0/16}\n"
      "security_groups: [{name: g, ingress: [{protocol: all, source: 10.0.0.0/8}]}]\n"
      "network_acls: [{name: a}]\nsubnets: [{name: s, cidr: 10.0.1.0/24}]\n"
      "interfaces: [{name: i, subnet: s, addresses: [10.0.1.9], security_groups: [g]}]\n",
      "p");
  ASSERT_TRUE(loaded.policy);
  for (const Edited& row : {
           Edited{[](Policy& p) { p.security_groups.front().name = "other"; }, "CannotDelete"},
           Edited{[](Policy& p) { p.default_network_acl = "acl-1"; }, "InvalidParameterValue"},
           Edited{[](Policy& p) { p.security_groups.back().ingress.front().id = "sgr-x"; },
                  "InvalidSecurityGroupRuleId.Malformed"},
           Edited{[](Policy& p) { p.interfaces.front().id = "eni-x"; },
                  "InvalidNetworkInterfaceId.Malformed"},
           Edited{[](Policy& p) { p.interfaces.front().security_groups.clear(); }, "MissingParameter"},
           Edited{[](Policy& p) { p.interfaces.front().security_groups = {"sg-1"}; },
                  "InvalidGroup.NotFound"},
           Edited{[](Policy& p) { p.interfaces.front().subnet = "subnet-1"; }, "InvalidSubnetID.NotFound"},
           Edited{[](Policy& p) { p.interfaces.front().type = Interface::Type::nat_gateway; },
                  "InvalidParameterCombination"},
           Edited{[](Policy& p) { p.subnets.front().network_acl = "acl-1"; }, "InvalidNetworkAclID.NotFound"},
           Edited{
               [](Policy& p) { p.security_groups.back().ingress.front().peer = PrefixListReference{"pl-1"}; },
               "InvalidPrefixListID.NotFound"},
           Edited{[](Policy& p) { p.security_groups.back().ingress.front().traffic.icmp_code = 1; },
                  "InvalidParameterValue"},
           Edited{[](Policy& p) { p.security_groups.back().name = "g "; }, ""},
       }) {
    Policy policy = *loaded.policy;
    row.edit(policy);
    const std::vector<Diagnostic> errors = validate(policy);
    ASSERT_EQ(errors.size(), 1U) << row.code;
    EXPECT_EQ(errors[0].aws_code, row.code) << to_string(errors[0]);
  }
}

}  // namespace
}  // namespace vpcwall

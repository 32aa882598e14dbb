// What load_policy() says of texts that are wrong: place, found, expected, hint, AWS code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::vector<std::string> mistakes(const std::string& text) {
  const LoadedPolicy loaded = load_policy(text, "p");
  EXPECT_EQ(loaded.policy.has_value(), !has_errors(loaded.diagnostics));
  std::vector<std::string> lines;
  for (const Diagnostic& diagnostic : loaded.diagnostics) lines.push_back(to_string(diagnostic));
  return lines;
}

struct Row {
  std::string text;       // what follows the first two lines
  std::string position;   // "3:5"
  std::string part;       // of the message
  std::string also = {};  // hint or AWS code
};

// Every row has exactly one diagnostic, an error.
void expect_each(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const auto found = mistakes("version: 1\nvpc: {cidr: 10.0.0.0/16}\n" + row.text);
    EXPECT_EQ(found.size(), 1U) << row.text << "\n" << testing::PrintToString(found);
    if (found.empty()) continue;
    EXPECT_THAT(found.front(), AllOf(testing::StartsWith("p:" + row.position + ": error: "),
                                     HasSubstr(row.part), HasSubstr(row.also)))
        << row.text;
  }
}

// One ingress rule of a group, which stands at 3:39; and one ingress entry of an ACL, at 3:36.
std::string rule(const std::string& text) {
  return "security_groups: [{name: g, ingress: [" + text + "]}]\n";
}
std::string entry(const std::string& text) { return "network_acls: [{name: a, ingress: [" + text + "]}]\n"; }

TEST(PolicyErrors, OfTheTopLevel) {
  const auto one = [](const std::string& text) {
    const auto found = mistakes(text);
    return found.size() == 1 ? found.front() : testing::PrintToString(found);
  };
  EXPECT_THAT(
      one("vpc: {cidr: 10.0.0.0/16}\n"),
      HasSubstr(
          "p:1:1: error: found no key \"version\" in the policy, expected one; begin with: version: 1"));
  EXPECT_THAT(one("version: 2\nvpc: {cidr: 10.0.0.0/16}\n"),
              HasSubstr("p:1:10: error: found \"2\", expected the version of the format, 1"));
  EXPECT_THAT(one("version: \"1\"\nvpc: {cidr: 10.0.0.0/16}\n"), HasSubstr("write 1 without quotes"));
  EXPECT_THAT(one("version: 01\nvpc: {cidr: 10.0.0.0/16}\n"), HasSubstr("p:1:10: error: found \"01\""));
  EXPECT_THAT(one("version: 1\n"), HasSubstr("p:1:1: error: found no key \"vpc\""));
  EXPECT_THAT(one("version: 1\nvpc:\n"), HasSubstr("p:2:1: error: found nothing, expected vpc, a mapping"));
  EXPECT_THAT(one("version: 1\nvpc: {}\n"), HasSubstr("p:2:6: error: found a VPC without a range"));
  EXPECT_THAT(one("- 1\n"), HasSubstr("p:1:1: error: found a list, expected the policy, a mapping"));
  EXPECT_THAT(one("hello\n"), HasSubstr("p:1:1: error: found \"hello\", expected the policy, a mapping"));
  EXPECT_THAT(one(""), HasSubstr("p:1:1: error: found an empty file"));
}

TEST(PolicyErrors, OfKeysAndKinds) {
  expect_each({
      {"subnet: []\n", "3:1", "found the unknown key \"subnet\" in the policy", "did you mean \"subnets\"?"},
      {"colour: red\n", "3:1", "found the unknown key \"colour\"", "valid keys are version, vpc, "},
      {"subnets: []\nsubnets: []\n", "4:1", "found the key \"subnets\" a second time",
       "the first stands in line 3"},
      {"<<: {quotas: {}}\n", "3:1", "found the unknown key \"<<\""},
      {"? [1]\n: 2\n", "3:3", "found a list as a key in the policy, expected a word"},
      {"subnets:\n", "3:1", "found nothing, expected subnets, a list", "write [] for none"},
      {"subnets: {}\n", "3:10", "found a mapping, expected subnets, a list"},
      {"subnets: [a]\n", "3:11", "found \"a\", expected a subnet, a mapping"},
      {"quotas:\n", "3:1", "found nothing, expected quotas, a mapping", "write {} or remove the key"},
      {"security_groups: [{name: [a]}]\n", "3:26", "found a list, expected the name of a security group"},
      {"security_groups: [{name: ~}]\n", "3:20", "found nothing, expected the name of a security group",
       "put the word null in quotes"},
  });
}

TEST(PolicyErrors, OfScalars) {
  const std::string interface =
      "subnets: [{name: s, cidr: 10.0.1.0/24}]\ninterfaces: [{name: i, subnet: s, addresses: [10.0.1.9], ";
  expect_each({
      {"quotas: {entries_per_acl: 010}\n", "3:27", "found \"010\", expected entries_per_acl, a number",
       "write 10, without leading zeros"},
      {"quotas: {entries_per_acl: \"10\"}\n", "3:27", "found \"10\", expected entries_per_acl, a number",
       "write 10 without quotes"},
      {"quotas: {entries_per_acl: +10}\n", "3:27", "found \"+10\"", "write it without the sign"},
      {"quotas: {entries_per_acl: 0x10}\n", "3:27", "found \"0x10\"", "write a decimal number"},
      {"quotas: {entries_per_acl: 1e1}\n", "3:27", "found \"1e1\""},
      {"quotas: {entries_per_acl: -1}\n", "3:27", "found \"-1\""},
      {"quotas: {entries_per_acl: 99999999999}\n", "3:27", "found \"99999999999\""},
      {interface + "source_dest_check: yes}]\n", "4:77",
       "found \"yes\", expected source_dest_check, true or false", "write true"},
      {interface + "source_dest_check: Off}]\n", "4:77", "found \"Off\"", "write false"},
      {interface + "source_dest_check: \"true\"}]\n", "4:77", "found \"true\"", "write true without quotes"},
      {"behavior: {tcp_midstream: losse}\n", "3:27",
       "found \"losse\", expected tcp_midstream, strict or loose", "did you mean \"loose\"?"},
      {"behavior: {icmp_related: Linux}\n", "3:26", "found \"Linux\", expected icmp_related, aws or linux",
       "did you mean \"linux\"?"},
      {"auto_tracked: [10.0.0.200]\n", "3:16", "found \"10.0.0.200\", expected a peer, a CIDR block",
       "write 10.0.0.200/32"},
      {"auto_tracked: [10.0.0.0/33]\n", "3:16", "found \"10.0.0.0/33\", expected a peer, a CIDR block"},
      {"auto_tracked: [\"::1\"]\n", "3:16", "found \"::1\"", "write ::1/128"},
      {"auto_tracked: [10.0.0.1/32, 10.0.0.1/32]\n", "3:29", "found 10.0.0.1/32 a second time"},
      {"behavior: {sg_identity_lost: [10.0.0.0/8, 10.0.0.0/8]}\n", "3:43",
       "found 10.0.0.0/8 a second time"},  // S-51
      {"behavior: {sg_identity_lost: 10.0.0.0/8}\n", "3:30", "expected sg_identity_lost, a list"},
  });
}

TEST(PolicyErrors, OfRules) {
  expect_each({
      {rule("{ports: 1, source: 10.0.0.0/8}"), "3:39", "found no key \"protocol\" in an ingress rule"},
      {rule("{protocol: TCP, ports: 1, source: 10.0.0.0/8}"), "3:50", "found \"TCP\", expected a protocol",
       "did you mean \"tcp\"?"},
      {rule("{protocol: any, source: 10.0.0.0/8}"), "3:50", "found \"any\"", "write all"},
      {rule("{protocol: 256, source: 10.0.0.0/8}"), "3:50", "found \"256\""},
      {rule("{protocol: 06, ports: 1, source: 10.0.0.0/8}"), "3:50", "found \"06\""},
      {rule("{protocol: tcp, source: 10.0.0.0/8}"), "3:39", "found protocol tcp without ports",
       "write ports: all"},
      {rule("{protocol: tcp, ports: 65536, source: 10.0.0.0/8}"), "3:62", "found \"65536\", expected ports"},
      {rule("{protocol: tcp, ports: 1, code: 0, source: 10.0.0.0/8}"), "3:65",
       "found a code with protocol tcp, which has ports"},
      {rule("{protocol: tcp, ports: 1, source: [10.0.0.0/8]}"), "3:73", "found a list, expected a peer"},
      {rule("{protocol: tcp, ports: 80-22, source: 10.0.0.0/8}"), "3:62", "found \"80-22\"",
       "begins with its smaller port: 22-80"},
      {rule("{protocol: tcp, ports: 010, source: 10.0.0.0/8}"), "3:62", "found \"010\"",
       "write 10, without leading zeros"},
      {rule("{protocol: tcp, ports: 1 - 2, source: 10.0.0.0/8}"), "3:62", "found \"1 - 2\"",
       "without spaces"},
      {rule("{protocol: tcp, ports: [1, 2], source: 10.0.0.0/8}"), "3:62", "found a list",
       "one range per rule"},
      {rule("{protocol: tcp, ports: -1, source: 10.0.0.0/8}"), "3:62", "found \"-1\"", "write all"},
      {rule("{protocol: tcp, ports: , source: 10.0.0.0/8}"), "3:55", "found nothing, expected ports"},
      {rule("{protocol: tcp, ports: 1, type: 8, source: 10.0.0.0/8}"), "3:65",
       "found a type with protocol tcp", "[InvalidPermission.Malformed]"},
      {rule("{protocol: icmp, source: 10.0.0.0/8}"), "3:39", "found protocol icmp without a type",
       "write type: all"},
      {rule("{protocol: icmp, ports: 8, type: 8, source: 10.0.0.0/8}"), "3:56",
       "found ports with protocol icmp"},
      {rule("{protocol: icmp, type: all, code: 5, source: 10.0.0.0/8}"), "3:73",
       "found the code \"5\" with every type", "[InvalidPermission.Malformed]"},
      {rule("{protocol: icmpv6, code: 5, source: ::/0}"), "3:58", "found a code without a type"},
      {rule("{protocol: icmp, type: 256, source: 10.0.0.0/8}"), "3:62",
       "found \"256\", expected an ICMP type"},
      {rule("{protocol: icmp, type: 3, code: 0x4, source: 10.0.0.0/8}"), "3:71",
       "found \"0x4\", expected an ICMP code"},
      {rule("{protocol: all}"), "3:39", "found no key \"source\" in an ingress rule", "[MissingParameter]"},
      {rule("{protocol: all, destination: 10.0.0.0/8}"), "3:55",
       R"(found the key "destination" in an ingress rule, expected "source")"},
      {"security_groups: [{name: g, egress: [{protocol: all, source: 10.0.0.0/8}]}]\n", "3:54",
       R"(found the key "source" in an egress rule, expected "destination")"},
      {rule("{protocol: all, source: \"10.0.0.0\\0x/24\"}"), "3:63",
       "found \"10.0.0.0\\x00x/24\", expected a peer"},
      {rule("{protocol: all, source: 10.0.0.1}"), "3:63", "found \"10.0.0.1\", expected a peer",
       "write 10.0.0.1/32"},
      {rule("{protocol: all, source: any}"), "3:63", "found \"any\", expected a peer",
       "write 0.0.0.0/0 or ::/0"},
      {rule("{protocol: all, source: g}"), "3:63", "found \"g\", expected a peer", "write {group: g}"},
      {rule("{protocol: all, source: {group: default, prefix_list: x}}"), "3:63",
       "found a group and a prefix list in one peer"},
      {rule("{protocol: all, source: {}}"), "3:63", "found an empty peer"},
      {rule("{protocol: all, source: {grup: g}}"), "3:64", "found the unknown key \"grup\" in a peer",
       "did you mean \"group\"?"},
      {rule("{protocol: all, source: {group: defualt}}"), "3:71", "found \"defualt\"",
       "did you mean \"default\"? [InvalidGroup.NotFound]"},
      {rule("{protocol: all, source: sg-web}"), "3:63", "found \"sg-web\", expected a group id",
       "[InvalidGroupId.Malformed]"},
      {rule("{protocol: all, source: pl-0a}"), "3:63",
       "found \"pl-0a\", expected the name or id of a prefix list", "[InvalidPrefixListID.NotFound]"},
      {rule("{id: sgr-x, protocol: all, source: ::/0}"), "3:44", "found \"sgr-x\", expected an id",
       "[InvalidSecurityGroupRuleId.Malformed]"},
      {rule("{protocol: all, source: ::/0, description: caf\xC3\xA9}"), "3:82", "found the description",
       "expected only a-z"},
      {rule("{protocol: all, source: ::/0, description: " + std::string(256, 'a') + "}"), "3:82",
       "found a description of 256 bytes, expected at most 255"},
      {rule("{protocol: tcp, ports: 22, source: 203.0.113.0/24, description: a}, {protocol: 6, ports: 22, "
            "source: 203.0.113.0/24}"),
       "3:107", "a second time: ingress tcp 22 203.0.113.0/24",
       "[InvalidPermission.Duplicate]"},  // S-73, S-74
      {rule("{id: sgr-1, protocol: all, source: ::/0}, {id: sgr-1, protocol: all, source: 0.0.0.0/0}"),
       "3:86", "found the rule id \"sgr-1\" a second time"},
  });
}

TEST(PolicyErrors, OfEntries) {
  expect_each({
      {entry("{action: allow, protocol: all, cidr: ::/0}"), "3:36",
       "found no key \"rule\" in an ingress entry"},
      {entry("{rule: 0, action: allow, protocol: all, cidr: ::/0}"), "3:43",
       "found \"0\", expected a rule number, a number from 1 to 32766"},  // N-6
      {entry("{rule: 32767, action: allow, protocol: all, cidr: ::/0}"), "3:43", "found \"32767\""},
      {entry("{rule: \"9\", action: allow, protocol: all, cidr: ::/0}"), "3:43", "found \"9\"",
       "write 9 without quotes"},
      {entry("{rule: 9, protocol: all, cidr: ::/0}"), "3:36", "found no key \"action\""},
      {entry("{rule: 9, action: alow, protocol: all, cidr: ::/0}"), "3:54",
       "found \"alow\", expected an action, allow or deny", "did you mean \"allow\"?"},
      {entry("{rule: 9, action: allow, protocol: all}"), "3:36", "found no key \"cidr\""},
      {entry("{rule: 9, action: allow, protocol: all, cidr: {group: default}}"), "3:82",
       "found a mapping, expected a CIDR block: network ACLs know no groups"},  // N-11
      {entry("{rule: 9, action: allow, protocol: all, cidr: sg-1}"), "3:82", "network ACLs know no groups"},
      {entry("{rule: 9, action: allow, protocol: all, cidr: 10.0.0.1}"), "3:82",
       "expected the range of an entry, a CIDR block", "write 10.0.0.1/32"},
      {entry("{rule: 9, action: allow, protocol: all, cidr: \"10.0.0.0\\0x/24\"}"), "3:82",
       "found \"10.0.0.0\\x00x/24\", expected the range of an entry, a CIDR block"},
      {entry("{rule: 9, action: allow, protocol: udp, cidr: ::/0}"), "3:36",
       "found protocol udp without ports"},  // N-17
      {entry("{rule: 9, action: allow, protocol: icmp, cidr: 0.0.0.0/0}"), "3:36",
       "found protocol icmp without a type"},  // N-18
      {entry("{rule: 9, action: allow, protocol: icmpv6, cidr: ::/0}"), "3:36",
       "found protocol icmpv6 without a type"},  // N-19
      {entry("{rule: 9, action: allow, protocol: all, source: ::/0, cidr: ::/0}"), "3:76",
       "found the unknown key \"source\" in an ingress entry"},
      {entry("{rule: 9, action: allow, protocol: all, cidr: 0.0.0.0/0}, {rule: 9, action: deny, protocol: "
             "all, cidr: ::/0}"),
       "3:101", "found rule number 9 a second time in the ingress entries",
       "[NetworkAclEntryAlreadyExists]"},  // N-9
  });
}

TEST(PolicyErrors, OfNamesAndIds) {
  expect_each({
      {"security_groups: [{description: x}]\n", "3:19", "found a security group without name and id"},
      {"security_groups: [{id: sg-1}]\n", "3:19", "found a security group without a name",
       "[MissingParameter]"},
      {"security_groups: [{name: web}, {name: WEB}]\n", "3:39",
       "found the name \"WEB\" for a second security group", "[InvalidGroup.Duplicate]"},  // S-82
      {"security_groups: [{name: Default}]\n", "3:26", "which is reserved", "[InvalidGroup.Reserved]"},
      {"security_groups: [{name: SG-web}]\n", "3:26",
       "expected one that does not begin like an id, with sg-"},
      {"security_groups: [{name: " + std::string(256, 'a') + "}]\n", "3:26", "found a name of 256 bytes"},
      {"security_groups: [{name: \"a\\tb\"}]\n", "3:26", "expected a name of a-z"},
      {"security_groups: [{id: sg-XYZ, name: a}]\n", "3:24",
       "found \"sg-XYZ\", expected an id: sg- and hexadecimal digits", "[InvalidGroupId.Malformed]"},
      {"security_groups: [{id: sg-1, name: a}, {id: sg-1, name: b}]\n", "3:45",
       "found the id \"sg-1\" a second time"},
      {"network_acls: [{name: a}, {name: a}]\n", "3:34", "found the name \"a\" for a second network ACL"},
      {"security_groups: [{name: a<b}]\n", "3:26", "write it without \"<\"", "[InvalidParameterValue]"},
      {"security_groups: [{name: a, description: \"\u00fc\"}]\n", "3:42", "write it without \"ü\""},
      {"network_acls: [{name: <script>}]\n", "3:23",
       "found \"<script>\", expected a name of a-z A-Z 0-9 space ._-:/()#,@[]+=&;{}!$*, or letters beyond "
       "ASCII; "
       "write it without \"<\""},  // S-86
      {"subnets: [{name: \"a\\u202eb\", cidr: 10.0.1.0/24}]\n", "3:18", "write it without \"\\u202e\""},
      {"subnets: [{name: \"a\\u009bb\", cidr: 10.0.1.0/24}]\n", "3:18", "write it without \"\\u009b\""},
      {"prefix_lists: [{name: 'a\"b', entries: []}]\n", "3:23", "write it without \"\\\"\""},
      {"subnets: [{name: \"  \", cidr: 10.0.1.0/24}]\n", "3:18", "found a name of spaces"},
      {"subnets: [{name: subnet-a, cidr: 10.0.1.0/24}]\n", "3:18", "with subnet-"},
      {"subnets: [{name: a, cidr: 10.0.1.0/24, network_acl: b}]\n", "3:53",
       "found \"b\", expected the name or id of a network ACL", "[InvalidNetworkAclID.NotFound]"},
      {"subnets: [{name: a, cidr: 10.0.1.0/24, network_acl: acl-1}]\n", "3:53", "found \"acl-1\"",
       "[InvalidNetworkAclID.NotFound]"},
  });
}

TEST(PolicyErrors, OfPrefixLists) {
  expect_each({
      {"prefix_lists: [{name: l, max_entries: 1, entries: []}]\nsecurity_groups: [{name: g, ingress: "
       "[{protocol: all, source: l}]}]\n",
       "4:63", "found \"l\", expected a peer", "write {prefix_list: l} to name a prefix list"},
      {"prefix_lists: [{name: a}]\n", "3:16", "found no key \"entries\" in a prefix list"},
      {"prefix_lists: [{name: a, entries: [10.0.0.0/8]}]\n", "3:36",
       "found \"10.0.0.0/8\", expected an entry of a prefix list, a mapping"},
      {"prefix_lists: [{name: a, entries: [{cidr: 10.0.0.0/8}, {cidr: ::/0}]}]\n", "3:63",
       "expected the family of the list's first entry"},  // S-54
      {"prefix_lists: [{name: a, entries: [{cidr: 10.0.0.0/8}, {cidr: 10.0.0.0/8}]}]\n", "3:63",
       "found 10.0.0.0/8 a second time in the list"},
      {"prefix_lists: [{name: a, max_entries: 1, entries: [{cidr: 10.0.0.0/8}, {cidr: 11.0.0.0/8}]}]\n",
       "3:39", "found 2 entries in a list of at most 1"},
      {"prefix_lists: [{name: a, max_entries: 1001, entries: []}]\n", "3:39",
       "found 1001 maximum entries, expected 1 to 1000"},
      {"prefix_lists: [{name: a, max_entries: 0, entries: []}]\n", "3:39", "found 0 maximum entries"},
  });
}

TEST(PolicyErrors, OfTheVpcAndSubnets) {
  const auto vpc = [](const std::string& text) {
    const auto found = mistakes("version: 1\nvpc: " + text + "\n");
    return found.size() == 1 ? found.front() : testing::PrintToString(found);
  };
  EXPECT_THAT(vpc("{cidr: ::/56}"),
              HasSubstr("p:2:13: error: found ::/56, expected an IPv4 range; write it as ipv6_cidr"));
  EXPECT_THAT(vpc("{ipv6_cidr: 10.0.0.0/8}"),
              HasSubstr("p:2:18: error: found 10.0.0.0/8, expected an IPv6 range"));
  EXPECT_THAT(vpc("{cidr: 10.0.0.0/8, secondary_cidrs: [10.1.0.0/16]}"),
              HasSubstr("p:2:43: error: found 10.1.0.0/16, which overlaps the VPC's cidr"));
  EXPECT_THAT(vpc("{cidr: 10.0.0.0/16, secondary_cidrs: [10.0.0.0/8]}"),
              HasSubstr("p:2:44: error: found 10.0.0.0/8, which overlaps the VPC's cidr"));
  EXPECT_THAT(vpc("{cidr: 10.0.0.0/16, secondary_cidrs: [\"2001:db8::/56\"]}"),
              HasSubstr("p:2:44: error: found 2001:db8::/56 as a secondary range"));
  EXPECT_THAT(vpc("{cidr: 10.0.0.0/16, router_mac: 0:1:2:3:4:5}"),
              HasSubstr("p:2:38: error: found \"0:1:2:3:4:5\", expected a MAC address"));
  EXPECT_THAT(vpc("{cidr: 10.0.0.0/16, router_mac: 01:00:00:00:00:00}"),
              HasSubstr("p:2:38: error: found a multicast MAC address"));
  expect_each({
      {"subnets: [{name: a}]\n", "3:11", "found a subnet without a range"},
      {"subnets: [{name: a, cidr: 10.1.0.0/24}]\n", "3:27",
       "found 10.1.0.0/24, expected a range inside the VPC's; the VPC has 10.0.0.0/16",
       "[InvalidSubnet.Range]"},
      {"subnets: [{name: a, ipv6_cidr: ::/64}]\n", "3:32", "the VPC has no IPv6 range"},
      {"subnets: [{name: a, cidr: 10.0.0.0/24}, {name: b, cidr: 10.0.0.0/20}]\n", "3:57",
       "found 10.0.0.0/20, which overlaps subnet \"a\" (10.0.0.0/24)", "[InvalidSubnet.Conflict]"},
  });
}

TEST(PolicyErrors, OfInterfaces) {
  const std::string subnet = "subnets: [{name: s, cidr: 10.0.1.0/24}]\ninterfaces: ";
  const auto one = [&](const std::string& text) { return subnet + "[{name: i, " + text + "}]\n"; };
  expect_each({
      {one("addresses: [10.0.1.9]"), "4:14", "found no key \"subnet\""},
      {one("subnet: t, addresses: [10.0.1.9]"), "4:32", "found \"t\", expected the name or id of a subnet",
       "[InvalidSubnetID.NotFound]"},
      {one("subnet: s"), "4:14", "found no key \"addresses\""},
      {one("subnet: s, addresses: []"), "4:46", "found an empty list for addresses"},
      {one("subnet: s, addresses: [10.0.1.300]"), "4:47", "found \"10.0.1.300\", expected an IP address"},
      {one("subnet: s, addresses: [\"10.0.1.9\\u0000\"]"), "4:47", "found \"10.0.1.9\\x00\", expected an IP"},
      {one("subnet: s, addresses: [10.0.1.9/24]"), "4:47", "found \"10.0.1.9/24\"",
       "write 10.0.1.9, or 10.0.1.0/24 for a delegated prefix"},
      {one("subnet: s, addresses: [10.0.2.9]"), "4:47",
       "found 10.0.2.9, expected an address inside subnet \"s\"", "its range is 10.0.1.0/24"},
      {one("subnet: s, addresses: [\"::9\"]"), "4:47", "found ::9", "it has no IPv6 range"},
      {one("subnet: s, addresses: [10.0.1.3]"), "4:47", "found 10.0.1.3, which is reserved"},  // E-14
      {one("subnet: s, addresses: [10.0.1.255]"), "4:47", "found 10.0.1.255, which is reserved"},
      {one("subnet: s, addresses: [10.0.1.0/28]"), "4:47", "found 10.0.1.0/28, which is reserved"},
      {one("subnet: s, addresses: [10.0.1.9, 10.0.1.9]"), "4:57",
       "found 10.0.1.9, which interface \"i\" has already", "[InvalidIPAddress.InUse]"},
      {one("subnet: s, addresses: [10.0.1.33, 10.0.1.32/28]"), "4:58",
       "found 10.0.1.32/28, which interface \"i\" has already"},
      {one("subnet: s, addresses: [10.0.1.9], security_groups: []"), "4:75",
       "found an empty list for security_groups", "remove the key for the default group"},
      {one("subnet: s, addresses: [10.0.1.9], security_groups: [dfault]"), "4:76", "found \"dfault\"",
       "did you mean \"default\"? [InvalidGroup.NotFound]"},
      {one("subnet: s, addresses: [10.0.1.9], security_groups: [default, default]"), "4:85",
       "found a security group a second time"},
      {one("subnet: s, addresses: [10.0.1.9], device: eth0/1"), "4:66",
       "expected the name of a network device"},
      {one("subnet: s, addresses: [10.0.1.9], device: abcdefghijklmnop"), "4:66",
       "expected the name of a network device"},
      {one("subnet: s, addresses: [10.0.1.9], device: \"\""), "4:66", "found \"\""},
      {subnet + "[{name: i, subnet: s, addresses: [10.0.1.9], device: e}, {name: j, subnet: s, addresses: "
                "[10.0.1.8], device: e}]\n",
       "4:122", "which interface \"i\" has already"},
      {one("subnet: s, addresses: [10.0.1.9], tracking: {tcp_established: 59}"), "4:86",
       "found 59 for tcp_established, expected 60 to 432000"},  // C-30
      {one("subnet: s, addresses: [10.0.1.9], tracking: {tcp_established: 432001}"), "4:86", "found 432001"},
      {one("subnet: s, addresses: [10.0.1.9], tracking: {udp: 29}"), "4:74",
       "found 29 for udp, expected 30 to 60"},  // C-32
      {one("subnet: s, addresses: [10.0.1.9], tracking: {udp: 61}"), "4:74", "found 61 for udp"},
      {one("subnet: s, addresses: [10.0.1.9], tracking: {udp_stream: 59}"), "4:81",
       "found 59 for udp_stream, expected 60 to 180"},  // C-33
      {one("subnet: s, addresses: [10.0.1.9], tracking: {udp_stream: 181}"), "4:81",
       "found 181 for udp_stream"},
  });
}

TEST(PolicyErrors, OfQuotaSettings) {
  expect_each({
      {"quotas: {groups_per_interface: 17}\n", "3:32",
       "found 17 for groups_per_interface, expected 1 to 16"},  // S-24
      {"quotas: {groups_per_interface: 0}\n", "3:32", "found 0 for groups_per_interface"},
      {"quotas: {rules_per_group: 201}\n", "3:27",
       "times rules_per_group 201 = 1005, expected at most 1000"},  // S-27
      {"quotas: {groups_per_interface: 16, rules_per_group: 63}\n", "3:53", "= 1008, expected at most 1000"},
      {"quotas: {rules_per_group: 1001}\n", "3:27", "found 1001 for rules_per_group, expected 1 to 1000"},
      {"quotas: {entries_per_acl: 41}\n", "3:27", "found 41 for entries_per_acl, expected 1 to 40"},  // N-27
      {"quotas: {entries_per_prefix_list: 10001}\n", "3:35", "found 10001 for entries_per_prefix_list"},
      {"quotas: {groups_per_region: 0}\n", "3:29", "found 0 for groups_per_region"},            // S-28
      {"quotas: {acls_per_vpc: 10001}\n", "3:24", "found 10001 for acls_per_vpc"},              // N-27
      {"quotas: {references_per_prefix_list: 0}\n", "3:38", "found 0 for references_per_pre"},  // S-30
      {"behavior: {flows_per_interface: 0}\n", "3:33", "found 0 for flows_per_interface"},
  });
  EXPECT_TRUE(
      mistakes("version: 1\nvpc: {cidr: 10.0.0.0/16}\nquotas: {rules_per_group: 200, entries_per_acl: 40}\n")
          .empty());
  EXPECT_TRUE(
      mistakes(
          "version: 1\nvpc: {cidr: 10.0.0.0/16}\nquotas: {groups_per_interface: 16, rules_per_group: 62}\n")
          .empty());
}

TEST(PolicyErrors, OfOneFileAreReportedInOneRun) {
  const auto found = mistakes(R"(version: 1
vpc: {cidr: 10.0.0.0/16}
colour: red
security_groups:
  - name: web
    ingress:
      - {protocol: tcp, ports: 80-22, source: 0.0.0.0/0}
      - {protocol: tcp, ports: 443, source: {group: wbe}}
      - {protocol: tcp, ports: 443, source: 10.0.0.1}
network_acls:
  - name: public
    ingress:
      - {rule: 0, action: permit, protocol: all, cidr: 0.0.0.0/0}
subnets:
  - {name: a, cidr: 10.1.0.0/24}
  - {name: b, cidr: 10.0.1.0/24, network_acl: pubic}
interfaces:
  - {name: i, subnet: b, addresses: [10.0.1.1], source_dest_check: no}
)");
  const std::vector<std::string> places{"p:3:1",   "p:7:32",  "p:8:53",  "p:9:45",  "p:13:16",
                                        "p:13:27", "p:15:21", "p:16:47", "p:18:38", "p:18:68"};
  ASSERT_EQ(found.size(), places.size()) << testing::PrintToString(found);
  for (std::size_t i = 0; i < places.size(); ++i)
    EXPECT_THAT(found[i], testing::StartsWith(places[i] + ": error: "));
}

TEST(PolicyErrors, ThroughAnAliasAreReportedOnce) {
  EXPECT_EQ(
      mistakes("version: 1\nvpc: {cidr: 10.0.0.0/16}\nsecurity_groups:\n"
               "  - {name: a, ingress: &r [{protocol: any, source: ::/0}]}\n  - {name: b, ingress: *r}\n")
          .size(),
      1U);
}

TEST(PolicyErrors, AreBounded) {
  std::string text = "version: 1\nvpc: {cidr: 10.0.0.0/16}\nsecurity_groups:\n";
  for (int i = 0; i < 20000; ++i)
    text += "  - {name: group" + std::to_string(i) + ", ingress: [{protocol: all, source: {group: g" +
            std::to_string(i) + "}}]}\n";
  const auto found = mistakes(text);
  ASSERT_EQ(found.size(), 1001U);
  // One finding for each group, and one for their number (S-28).
  EXPECT_THAT(found.back(), HasSubstr("19001 more findings are not listed"));
}

}  // namespace
}  // namespace vpcwall

#include "policy/policy_yaml.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "policy/identity.h"
#include "policy/validate.h"

namespace vpcwall {
namespace {

std::string all_of(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) text += to_string(diagnostic) + '\n';
  return text;
}

// A policy that must load without any diagnostic.
Policy load(const std::string& text) {
  LoadedPolicy loaded = load_policy(text, "p.yaml");
  EXPECT_EQ(all_of(loaded.diagnostics), "");
  EXPECT_TRUE(loaded.policy.has_value()) << text;
  return loaded.policy.value_or(Policy{});
}

const std::string v4 = "version: 1\nvpc: {cidr: 10.0.0.0/16}\n";
const std::string both = "version: 1\nvpc: {cidr: 10.0.0.0/16, ipv6_cidr: \"2001:db8:1234:1a00::/56\"}\n";

template <class Object>
const Object& named(const std::vector<Object>& objects, std::string_view name) {
  static const Object none;
  const auto found =
      std::find_if(objects.begin(), objects.end(), [&](const Object& object) { return object.name == name; });
  EXPECT_NE(found, objects.end()) << name;
  return found == objects.end() ? none : *found;
}

std::vector<std::string> identities(const std::vector<SecurityGroupRule>& rules, Direction direction) {
  std::vector<std::string> texts;
  texts.reserve(rules.size());
  for (const SecurityGroupRule& rule : rules)
    texts.push_back(rule_identity(direction, rule.traffic, rule.peer));
  return texts;
}
using Texts = std::vector<std::string>;

TEST(Defaults, GroupAndNetworkAclExistWithoutBeingWritten) {  // S-15 to S-18, NX-1
  const Policy policy = load(v4);
  ASSERT_EQ(policy.security_groups.size(), 1U);
  const SecurityGroup& group = policy.security_groups.front();
  EXPECT_EQ(group.name, "default");
  EXPECT_EQ(identities(group.ingress, Direction::ingress), Texts{"ingress all " + group.id});
  EXPECT_EQ(identities(group.egress, Direction::egress), Texts{"egress all 0.0.0.0/0"});
  ASSERT_EQ(policy.network_acls.size(), 1U);
  const NetworkAcl& acl = policy.network_acls.front();
  EXPECT_EQ(acl.id, policy.default_network_acl);
  for (const auto& entries : {acl.ingress, acl.egress}) {
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].number, 100);
    EXPECT_EQ(entries[0].action, Action::allow);
    EXPECT_EQ(to_string(entries[0].cidr), "0.0.0.0/0");
  }
}

TEST(Defaults, HaveIpv6PartsOnlyWithAnIpv6Vpc) {  // S-17, S-22, NX-1
  const Policy policy = load(both + "security_groups: [{name: web}]\n");
  for (const char* name : {"default", "web"})
    EXPECT_EQ(identities(named(policy.security_groups, name).egress, Direction::egress),
              (Texts{"egress all 0.0.0.0/0", "egress all ::/0"}));
  const NetworkAcl& acl = policy.network_acls.front();
  ASSERT_EQ(acl.ingress.size(), 2U);
  EXPECT_EQ(acl.ingress[1].number, 101);
  EXPECT_EQ(to_string(acl.ingress[1].cidr), "::/0");
}

TEST(Defaults, MayBeWrittenAndKeepWhatIsNotWritten) {
  const Policy policy = load(v4 +
                             "security_groups: [{id: sg-0d, name: default, egress: []}]\n"
                             "network_acls: [{name: default, ingress: []}]\n");
  ASSERT_EQ(policy.security_groups.size(), 1U);
  EXPECT_EQ(policy.security_groups[0].id, "sg-0d");
  EXPECT_EQ(identities(policy.security_groups[0].ingress, Direction::ingress), Texts{"ingress all sg-0d"});
  EXPECT_TRUE(policy.security_groups[0].egress.empty());
  ASSERT_EQ(policy.network_acls.size(), 1U);
  EXPECT_EQ(policy.network_acls[0].id, policy.default_network_acl);
  EXPECT_TRUE(policy.network_acls[0].ingress.empty());
  EXPECT_EQ(policy.network_acls[0].egress.size(), 1U);
}

TEST(Defaults, ANewGroupLetsNothingInAndEverythingOut) {  // S-19, S-20
  const Policy policy = load(v4 + "security_groups: [{name: open}, {name: shut, egress: []}]\n");
  EXPECT_TRUE(named(policy.security_groups, "open").ingress.empty());
  EXPECT_EQ(identities(named(policy.security_groups, "open").egress, Direction::egress),
            Texts{"egress all 0.0.0.0/0"});
  EXPECT_TRUE(named(policy.security_groups, "shut").egress.empty());
}

TEST(Defaults, ANewNetworkAclIsEmpty) {  // NX-2
  const NetworkAcl acl = named(load(v4 + "network_acls: [{name: a}]\n").network_acls, "a");
  EXPECT_TRUE(acl.ingress.empty());
  EXPECT_TRUE(acl.egress.empty());
}

TEST(Defaults, OfSubnetAndInterface) {  // N-26, S-9, D-1, C-30 to C-33
  const Policy policy = load(v4 +
                             "subnets: [{name: s, cidr: 10.0.1.0/24}]\n"
                             "interfaces: [{name: i, subnet: s, addresses: [10.0.1.10]}]\n");
  EXPECT_EQ(policy.subnets[0].network_acl, policy.default_network_acl);
  const Interface& interface = policy.interfaces[0];
  EXPECT_EQ(interface.security_groups, Texts{policy.security_groups[0].id});
  EXPECT_TRUE(interface.source_dest_check);
  EXPECT_EQ(interface.tracking, Tracking{});
  EXPECT_EQ(interface.device, "");
  EXPECT_EQ(policy.quotas, Quotas{});
  EXPECT_EQ(policy.behavior, Behavior{});
}

TEST(References, WorkByNameAndByIdInAnyOrder) {
  const Policy policy = load(v4 + R"(
interfaces:
  - {name: a, subnet: subnet-1, addresses: [10.0.1.10], security_groups: [web, sg-2]}
subnets: [{id: subnet-1, cidr: 10.0.1.0/24, network_acl: acl-1}]
network_acls: [{id: acl-1}]
security_groups:
  - {id: sg-1, name: web, ingress: [
      {protocol: all, source: sg-2},      {protocol: tcp, ports: 1, source: {group: db}},
      {protocol: tcp, ports: 2, source: pl-1}, {protocol: tcp, ports: 3, source: {prefix_list: office}}]}
  - {id: sg-2, name: db}
prefix_lists: [{id: pl-1, name: office, entries: [{cidr: 203.0.113.0/24}]}]
)");
  EXPECT_EQ(policy.interfaces[0].subnet, "subnet-1");
  EXPECT_EQ(policy.interfaces[0].security_groups, (Texts{"sg-1", "sg-2"}));
  EXPECT_EQ(policy.subnets[0].network_acl, "acl-1");
  EXPECT_EQ(identities(named(policy.security_groups, "web").ingress, Direction::ingress),
            (Texts{"ingress all sg-2", "ingress tcp 1 sg-2", "ingress tcp 2 pl-1", "ingress tcp 3 pl-1"}));
}

TEST(Rules, AreReadAsAwsWouldStoreThem) {
  struct Row {
    const char *rule, *identity;
  };
  for (const Row& row : {
           Row{"{protocol: tcp, ports: 443, source: 0.0.0.0/0}", "ingress tcp 443 0.0.0.0/0"},
           Row{"{protocol: 6, ports: 1024-65535, source: 0.0.0.0/0}",
               "ingress tcp 1024-65535 0.0.0.0/0"},  // S-58
           Row{R"({protocol: "17", ports: "53", source: "::/0"})", "ingress udp 53 ::/0"},
           Row{"{protocol: udp, ports: all, source: ::/0}", "ingress udp 0-65535 ::/0"},
           Row{"{protocol: icmp, type: 8, source: 10.0.0.0/8}", "ingress icmp 8/all 10.0.0.0/8"},  // S-64
           Row{"{protocol: icmp, type: 3, code: 4, source: 10.0.0.0/8}", "ingress icmp 3/4 10.0.0.0/8"},
           Row{"{protocol: 1, type: -1, code: -1, source: 10.0.0.0/8}",
               "ingress icmp all/all 10.0.0.0/8"},  // S-63
           Row{"{protocol: icmp, type: all, source: 10.0.0.0/8}", "ingress icmp all/all 10.0.0.0/8"},
           Row{"{protocol: icmpv6, source: \"::/0\"}", "ingress icmpv6 all/all ::/0"},  // S-60
           Row{"{protocol: 58, type: 128, source: \"::/0\"}", "ingress icmpv6 128/all ::/0"},
           Row{"{protocol: -1, source: 10.0.0.5/32}", "ingress all 10.0.0.5/32"},
           Row{"{protocol: all, source: 10.0.0.5/32}", "ingress all 10.0.0.5/32"},
           Row{"{protocol: 0, source: 10.0.0.5/32}", "ingress 0 10.0.0.5/32"},
           Row{"{protocol: 255, source: 10.0.0.5/32}", "ingress 255 10.0.0.5/32"},
       }) {
    const Policy policy = load(both + "security_groups: [{name: g, ingress: [" + row.rule + "]}]\n");
    EXPECT_EQ(identities(named(policy.security_groups, "g").ingress, Direction::ingress),
              Texts{row.identity});
  }
}

TEST(Entries, OfIcmpv6OverAnIpv4RangeNeedNoType) {  // N-19
  const Policy policy = load(
      v4 +
      "network_acls: [{name: a, ingress: [{rule: 7, action: deny, protocol: icmpv6, cidr: 0.0.0.0/0}]}]\n");
  const NetworkAclEntry& entry = named(policy.network_acls, "a").ingress.at(0);
  EXPECT_EQ(entry.number, 7);
  EXPECT_EQ(entry.action, Action::deny);
  EXPECT_EQ(entry.traffic, (Traffic{Protocol::icmpv6, {}, {}, {}}));
}

TEST(PrefixLists, HoldAsManyEntriesAsWrittenUnlessMoreAreWanted) {  // S-31
  const Policy policy = load(
      v4 +
      "prefix_lists: [{name: a, entries: []}, {name: b, entries: [{cidr: 10.0.0.0/8}, {cidr: 11.0.0.0/8}]},"
      " {name: c, max_entries: 9, entries: []}]\n");
  EXPECT_EQ(policy.prefix_lists[0].max_entries, 1U);
  EXPECT_EQ(policy.prefix_lists[1].max_entries, 2U);
  EXPECT_EQ(policy.prefix_lists[2].max_entries, 9U);
}

TEST(Warnings, LeaveThePolicyInForce) {
  struct Row {
    const char *rule, *warning;
  };
  for (const Row& row : {
           Row{"{protocol: all, source: 100.68.0.18/18}",  // S-38
               "p.yaml:3:63: warning: found \"100.68.0.18/18\", which has bits beyond its length; it is read "
               "as 100.68.0.0/18\n"},
           Row{"{protocol: all, source: sg-0a1b}",  // S-79, S-80
               "p.yaml:3:63: warning: found \"sg-0a1b\", which no group of this file has: the rule is stale "
               "and matches nothing; "
               "remove the rule, or define the group\n"},
           Row{"{protocol: all, source: {group: sg-0a1b}}",  // likewise
               "p.yaml:3:71: warning: found \"sg-0a1b\", which no group of this file has: the rule is stale "
               "and matches nothing; "
               "remove the rule, or define the group\n"},
           Row{"{protocol: all, source: 0.0.0.0/0, ports: 1-2}",  // S-59
               "p.yaml:3:74: warning: found \"ports\" with protocol all, where it is ignored: every packet "
               "of the protocol "
               "matches; remove it\n"},
           Row{"{protocol: icmp, type: 8, source: ::/0}",  // S-66
               "p.yaml:3:40: warning: found protocol icmp with an IPv6 range, which matches nothing; write "
               "icmpv6\n"},
       }) {
    const auto loaded =
        load_policy(v4 + "security_groups: [{name: g, ingress: [" + row.rule + "]}]\n", "p.yaml");
    EXPECT_EQ(all_of(loaded.diagnostics), row.warning);
    ASSERT_TRUE(loaded.policy);
    EXPECT_EQ(load_policy(emit_policy(*loaded.policy), "again").policy, loaded.policy);
  }
}

// N-15, N-18, N-19: an entry is matched by its protocol number, whatever the family; only a type of the other
// family's ICMP is nothing that a packet could have.
TEST(Warnings, SayWhatAnEntryOfTheOtherFamilysIcmpMatches) {
  struct Row {
    const char *entry, *warning;
  };
  for (const Row& row : {
           Row{"{rule: 1, action: deny, protocol: icmp, type: all, cidr: ::/0}",
               "p.yaml:3:60: warning: found protocol icmp with an IPv6 range, which matches IPv6 packets "
               "with "
               "the protocol number 1 and no ICMPv6 message; write icmpv6\n"},
           Row{"{rule: 1, action: deny, protocol: icmp, type: 8, cidr: ::/0}",
               "p.yaml:3:60: warning: found protocol icmp and a type with an IPv6 range, which matches "
               "nothing; write icmpv6\n"},
           Row{"{rule: 1, action: deny, protocol: icmpv6, cidr: 0.0.0.0/0}", ""},
       }) {
    const auto loaded =
        load_policy(v4 + "network_acls: [{name: a, ingress: [" + row.entry + "]}]\n", "p.yaml");
    EXPECT_EQ(all_of(loaded.diagnostics), row.warning);
    EXPECT_TRUE(loaded.policy);
  }
}

// S-82: what AWS trims is trimmed, what AWS keeps is kept.
TEST(Warnings, OfSpacesAroundAName) {
  const auto loaded = load_policy(v4 + "security_groups: [{name: \" web  \"}]\n", "p.yaml");
  EXPECT_EQ(all_of(loaded.diagnostics),
            "p.yaml:3:26: warning: found a name with spaces at its end; it is read as \" web\"\n"
            "p.yaml:3:26: warning: found a name with spaces at its front, which are part of it; remove them "
            "unless they are meant\n");
  ASSERT_TRUE(loaded.policy);
  EXPECT_EQ(loaded.policy->security_groups.back().name, " web");
  EXPECT_EQ(load_policy(emit_policy(*loaded.policy), "again").policy, loaded.policy);
}

TEST(RoundTrip, KeepsEveryField) {
  Policy policy = load(both + R"(
prefix_lists: [{name: office, max_entries: 10, entries: [{cidr: 203.0.113.0/24, description: "HQ, #1"}]}]
security_groups:
  - name: web
    description: "a: b"
    ingress: [{id: sgr-0f, protocol: icmp, type: 3, code: 4, source: {prefix_list: office}, description: "{x} - *y"},
              {protocol: tcp, ports: all, source: {group: web}}, {protocol: icmpv6, source: ::/0}]
  - {name: "null", egress: []}
  - {name: "- a", egress: [{protocol: 47, destination: {group: "null"}}]}
network_acls:
  - {name: "010", ingress: [{rule: 1, action: deny, protocol: icmp, type: 8, cidr: 0.0.0.0/0}]}
  - {id: acl-1, egress: [{rule: 2, action: allow, protocol: icmpv6, type: all, cidr: ::/0}]}
subnets:
  - {name: "true", cidr: 10.0.1.0/24, ipv6_cidr: "2001:db8:1234:1a01::/64", network_acl: "010"}
  - {id: subnet-2, ipv6_cidr: "2001:db8:1234:1a02::/64", network_acl: acl-1}
interfaces:
  - {name: ü, subnet: "true", addresses: [10.0.1.10, "2001:db8:1234:1a01::a", 10.0.1.16/28], security_groups: ["- a", web],
     source_dest_check: false, tracking: {tcp_established: 60, udp: 60, udp_stream: 60}, device: eth0}
  - {id: eni-1, subnet: subnet-2, addresses: ["2001:db8:1234:1a02::a"]}
quotas: {groups_per_region: 10, groups_per_interface: 4, rules_per_group: 61, acls_per_vpc: 10, entries_per_acl: 40,
         entries_per_prefix_list: 10, references_per_prefix_list: 10}
auto_tracked: [10.0.1.200/32, "2001:db8::/32"]
behavior: {tcp_midstream: loose, icmp_related: linux, unlisted_addresses: drop, flows_per_interface: 1,
           sg_identity_lost: [10.0.1.0/24, "2001:db8:1234:1a01::/64"]}
)");
  policy.vpc.secondary_cidrs = {*parse_prefix("10.1.0.0/16"), *parse_prefix("2001:db8:ffff::/56")};
  policy.vpc.router_mac = {0x02, 0, 0, 0xab, 0xcd, 0xef};
  EXPECT_EQ(load(emit_policy(policy)), policy);
  EXPECT_EQ(emit_policy(load(emit_policy(policy))), emit_policy(policy));
}

TEST(RoundTrip, KeepsAnyTextThatANameOrDescriptionMayHave) {
  const std::string letters = "aZ09 ._-:/()#,@[]+=&;{}!$*";
  Policy policy = load(v4);
  for (std::size_t i = 0; i < letters.size(); ++i)
    for (std::size_t j = 0; j < letters.size(); ++j) {
      SecurityGroup group;
      group.name = std::string{letters[i], letters[j]} + "x";
      if (letters[i] == ' ') continue;
      group.id = derive_id("sg", group.name);
      group.description = std::string{letters[i], letters[j], ' '} + std::string(252, letters[j]);
      const Peer self = GroupReference{group.id};
      group.ingress.push_back(
          {derive_rule_id(group.id, Direction::ingress, {}, self), {}, self, group.description, {}});
      policy.security_groups.push_back(group);
    }
  ASSERT_EQ(all_of(validate(policy)), "");
  EXPECT_EQ(load(emit_policy(policy)), policy);
}

TEST(RoundTrip, OfEveryExample) {
  std::size_t examples = 0;
  for (const auto& file : std::filesystem::directory_iterator("config/examples")) {
    if (file.path().extension() != ".yaml") continue;
    std::stringstream text;
    text << std::ifstream(file.path()).rdbuf();
    const Policy policy = load(text.str());
    EXPECT_EQ(load(emit_policy(policy)), policy) << file.path();
    EXPECT_EQ(all_of(validate(policy)), "") << file.path();
    ++examples;
  }
  EXPECT_GE(examples, 4U);
}

TEST(Json, IsReadLikeYaml) {
  EXPECT_EQ(
      load("{\"version\":1,\"vpc\":{\"cidr\":\"10.0.0.0/"
           "16\"},\"security_groups\":[{\"name\":\"web\",\"ingress\":"
           "[{\"protocol\":\"tcp\",\"ports\":443,\"source\":\"0.0.0.0/"
           "0\"},{\"protocol\":-1,\"source\":{\"group\":\"web\"}}],"
           "\"egress\":[]}]}"),
      load(v4 +
           "security_groups:\n- name: web\n  ingress:\n  - {protocol: tcp, ports: 443, source: 0.0.0.0/0}\n"
           "  - {protocol: all, source: {group: web}}\n  egress: []\n"));
}

TEST(Positions, TakeNoPartInComparison) { EXPECT_EQ(load(v4), load("\n\n" + v4)); }

}  // namespace
}  // namespace vpcwall

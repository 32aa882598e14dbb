#include "explain/nearest.h"

#include <gtest/gtest.h>

#include "support/policies.h"
#include "support/told.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;
using test::small_vpc;
using test::Told;

using Words = std::vector<std::string>;

// "port: port 80 is not 443" of every rule shown, in order.
Words differences(const ordered_json& story) {
  Words all;
  for (const auto& near : story.at("nearest"))
    for (const auto& difference : near.at("differences"))
      all.push_back(difference.at("kind").get<std::string>() + ": " +
                    difference.at("text").get<std::string>());
  return all;
}

Words of_rule(const char* rule, const char* packet) {
  const std::string group = std::string("  - {name: web, ingress: [{") + rule + "}], egress: []}";
  return differences(Told(small_vpc(group)).about(packet));
}

constexpr const char* to_web = "tcp S 203.0.113.12:40000 > 10.0.1.10:443";

TEST(Nearest, SaysWhatOfARuleDoesNotFit) {
  EXPECT_EQ(of_rule("protocol: tcp, ports: 80, source: 0.0.0.0/0", to_web),
            Words{"port: port 443 is not 80"});
  EXPECT_EQ(of_rule("protocol: tcp, ports: 80-90, source: 0.0.0.0/0", to_web),
            Words{"port: port 443 is outside of 80-90"});
  EXPECT_EQ(of_rule("protocol: udp, ports: 443, source: 0.0.0.0/0", to_web),
            Words{"protocol: it is for udp, the packet is tcp"});
  EXPECT_EQ(of_rule("protocol: tcp, ports: 443, source: 198.51.100.0/24", to_web),
            Words{"peer: source 203.0.113.12 is outside of 198.51.100.0/24"});
  EXPECT_EQ(of_rule("protocol: tcp, ports: 443, source: \"::/0\"", to_web),
            Words{"family: it is for IPv6, the packet is IPv4"});
  EXPECT_EQ(of_rule("protocol: tcp, ports: 443, source: {group: web}", to_web),
            Words{"not-a-member: source 203.0.113.12 is no private address of a member of group web"});
  EXPECT_EQ(
      of_rule("protocol: icmp, type: 3, code: 1, source: 0.0.0.0/0", "icmp 8/0 1 203.0.113.12 > 10.0.1.10"),
      Words{"icmp-type: type 8 code 0 is not type 3 code 1"});
}

TEST(Nearest, KnowsPrefixLists) {
  const Told world(
      small_vpc("  - {name: web, ingress: [{protocol: tcp, ports: 443, source: {prefix_list: office}}]}",
                "prefix_lists: [{name: office, max_entries: 5, entries: [{cidr: 198.51.100.0/24}]}]\n"));
  EXPECT_EQ(differences(world.about(to_web)),
            Words{"not-in-list: source 203.0.113.12 is not in the prefix list"});
}

TEST(Nearest, KnowsGroupsThatTheInterfaceDoesNotCarry) {
  const Told world(
      small_vpc("  - {name: web, ingress: []}\n  - {name: spare, ingress: [{protocol: tcp, ports: 443, "
                "source: 0.0.0.0/0}]}"));
  EXPECT_EQ(differences(world.about(to_web)),
            Words{"not-attached: group spare is not attached to interface web"});
}

TEST(Nearest, PutsTheNearestFirstAndShowsFew) {
  const Told world(
      small_vpc("  - {name: web, ingress: [{protocol: udp, ports: 443, source: 0.0.0.0/0}, {protocol: tcp, "
                "ports: 443, source: "
                "10.0.0.0/8}, {protocol: tcp, ports: 60000, source: 0.0.0.0/0}, {protocol: tcp, ports: 444, "
                "source: 0.0.0.0/0}, "
                "{protocol: tcp, ports: 80, source: 10.0.0.0/8}]}"));
  EXPECT_EQ(differences(world.about(to_web)),
            (Words{"port: port 443 is not 444", "port: port 443 is not 60000",
                   "peer: source 203.0.113.12 is outside of 10.0.0.0/8"}));
}

TEST(Nearest, SaysWhichEntryDeniesFirst) {
  const Told world(
      small_vpc("  - {name: web, ingress: [{protocol: all, source: 0.0.0.0/0}]}",
                "network_acls:\n  - name: default\n    ingress: [{rule: 90, action: deny, protocol: all, "
                "cidr: 203.0.113.0/24}, {rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}]\n"));
  const auto story = world.about(to_web);
  EXPECT_EQ(differences(story), Words{"shadowed: it fits, but entry 90 denies first"});
  EXPECT_EQ(story.at("nearest").at(0).at("rule"), "100");
  EXPECT_EQ(story.at("nearest").at(0).at("acl"), "default");
  EXPECT_EQ(story.at("nearest").at(0).at("at").get<std::string>().substr(0, 10), "test.yaml:");
}

TEST(Nearest, IsNothingForTheSourceDestinationCheckAndWhereAllPasses) {
  const Told world(small_vpc("  - {name: web, ingress: [{protocol: all, source: 0.0.0.0/0}]}"));
  Inquiry inquiry = inquiry_about(test::packet_of("tcp S 203.0.113.12:40000 > 198.51.100.7:443"));
  inquiry.enters = world.compiled().interface_named("web");
  EXPECT_EQ(differences(world.about(inquiry)), Words{});
  EXPECT_EQ(differences(world.about(to_web)), Words{});
}

}  // namespace
}  // namespace vpcwall

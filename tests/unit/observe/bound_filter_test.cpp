#include "observe/bound_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/observed.h"

namespace vpcwall {
namespace {

using nlohmann::json;
using test::packet_of;

class Filter : public ::testing::Test {
 protected:
  bool passes(const json& filter, const char* packet) {
    const Packet one = packet_of(packet);
    return bound(filter).passes(one, vpc_.judge(one));
  }
  BoundFilter bound(const json& filter) { return {*read_filter(filter), *vpc_.policy(), vpc_.slots()}; }
  std::vector<std::string> unknown(const json& filter) {
    return unknown_names(*read_filter(filter), *vpc_.policy(), vpc_.slots());
  }

  test::ObservedVpc vpc_;
};

constexpr const char* ssh = "tcp S 203.0.113.12:40000 > 10.0.1.10:22";
constexpr const char* web_refuses = "tcp S 203.0.113.12:40000 > 10.0.1.10:80";
constexpr const char* acl_refuses = "tcp S 203.0.113.12:40000 > 10.0.2.10:23";
constexpr const char* db_refuses = "udp 203.0.113.12:40000 > 10.0.2.10:53";
constexpr const char* app_refuses = "icmp 8/0 7 203.0.113.12 > 10.0.1.11";

TEST_F(Filter, LetsEverythingThroughWhenNothingIsAsked) {
  for (const char* packet : {ssh, web_refuses, acl_refuses, "udp 198.51.100.1:1 > 198.51.100.2:2"})
    EXPECT_TRUE(passes(json::object(), packet)) << packet;
}

TEST_F(Filter, AsksForTheVerdict) {
  EXPECT_FALSE(passes({{"denied", true}}, ssh));
  EXPECT_TRUE(passes({{"denied", true}}, web_refuses));
  EXPECT_TRUE(passes({{"denied", true}}, acl_refuses));
}

TEST_F(Filter, AsksForTheInterfaceByNameAndId) {
  for (const char* name : {"web", "eni-11111111"}) {
    EXPECT_TRUE(passes({{"interface", name}}, ssh)) << name;
    EXPECT_FALSE(passes({{"interface", name}}, db_refuses)) << name;
  }
  EXPECT_TRUE(passes({{"interface", {"web", "db"}}}, db_refuses));
  EXPECT_FALSE(passes({{"interface", "web"}}, "udp 198.51.100.1:1 > 198.51.100.2:2"));
}

TEST_F(Filter, AsksForTheGroupThatDecidedOrWhoseImplicitDenyDid) {
  for (const char* name : {"web", "sg-11111111"}) {
    EXPECT_TRUE(passes({{"group", name}}, ssh)) << name;
    EXPECT_TRUE(passes({{"group", name}}, web_refuses)) << name;
    EXPECT_FALSE(passes({{"group", name}}, app_refuses)) << name;
  }
  EXPECT_TRUE(passes({{"group", "bare"}}, app_refuses)) << "a group without rules still denies";
  EXPECT_FALSE(passes({{"group", "default"}}, acl_refuses)) << "the ACL refused before the group was asked";
  EXPECT_TRUE(passes({{"group", "web"}}, ssh)) << "and so does the flow that it opened";
}

TEST_F(Filter, AsksForTheAclThatDecided) {
  for (const char* name : {"private", "acl-11111111"}) {
    EXPECT_TRUE(passes({{"acl", name}}, acl_refuses)) << name;
    EXPECT_FALSE(passes({{"acl", name}}, db_refuses))
        << "allowed by the ACL, but refused by the group: " << name;
    EXPECT_FALSE(passes({{"acl", name}}, ssh)) << name;
  }
}

TEST_F(Filter, AsksForTheRuleAlsoOfOneOwner) {
  EXPECT_TRUE(passes({{"rule", "90"}}, acl_refuses));
  EXPECT_FALSE(passes({{"rule", "100"}}, acl_refuses));
  EXPECT_TRUE(passes({{"rule", "sgr-22222222"}}, ssh));
  EXPECT_TRUE(passes({{"rule", "100"}}, ssh)) << "of the default ACL";
  EXPECT_FALSE(passes({{"rule", "100"}, {"acl", "private"}}, ssh));
  EXPECT_TRUE(passes({{"rule", "90"}, {"acl", "private"}}, acl_refuses));
  EXPECT_TRUE(passes({{"rule", "*"}}, web_refuses)) << "the implicit deny of a group";
  EXPECT_TRUE(passes({{"rule", "*"}, {"group", "web"}}, web_refuses));
  EXPECT_FALSE(passes({{"rule", "*"}, {"group", "app"}}, web_refuses));
}

TEST_F(Filter, AsksForWhatThePacketIs) {
  EXPECT_TRUE(passes({{"protocol", {"udp", "icmp"}}}, app_refuses));
  EXPECT_FALSE(passes({{"protocol", "udp"}}, ssh));
  EXPECT_TRUE(passes({{"port", "22"}}, ssh));
  EXPECT_TRUE(passes({{"port", "39999-40001"}}, ssh)) << "the source's port";
  EXPECT_FALSE(passes({{"port", "23-39999"}}, ssh));
  EXPECT_FALSE(passes({{"port", "0-65535"}}, app_refuses)) << "ICMP has no ports";
  EXPECT_TRUE(passes({{"source", "203.0.113.0/24"}}, ssh));
  EXPECT_FALSE(passes({{"source", "10.0.0.0/16"}}, ssh));
  EXPECT_TRUE(passes({{"destination", "10.0.1.10"}}, ssh));
  EXPECT_FALSE(passes({{"destination", "203.0.113.0/24"}}, ssh));
  EXPECT_TRUE(passes({{"cidr", "203.0.113.12"}}, ssh));
  EXPECT_TRUE(passes({{"cidr", "10.0.1.0/24"}}, ssh));
  EXPECT_FALSE(passes({{"cidr", "::/0"}}, ssh));
}

TEST_F(Filter, AsksForAllOfThem) {
  const json both{{"denied", true}, {"protocol", "tcp"}, {"interface", "web"}};
  EXPECT_TRUE(passes(both, web_refuses));
  EXPECT_FALSE(passes(both, ssh));
  EXPECT_FALSE(passes(both, acl_refuses));
}

TEST_F(Filter, TreatsWhatCannotBeReadAsAPacketWithoutAnything) {
  const Expected<Packet, ParseError> unreadable = Unexpected{ParseError::bad_version};
  const Decision decision{.verdict = Verdict::drop, .reason = reason_of(ParseError::bad_version)};
  EXPECT_TRUE(bound({{"denied", true}}).passes(unreadable, decision));
  EXPECT_FALSE(bound({{"cidr", "0.0.0.0/0"}}).passes(unreadable, decision));
  EXPECT_FALSE(bound({{"interface", "web"}}).passes(unreadable, decision));
}

TEST_F(Filter, UnderstandsTheNextPolicyWhenItIsBoundToIt) {
  const json filter{{"rule", {"90", "sgr-80808080"}}};
  EXPECT_TRUE(passes(filter, acl_refuses));
  vpc_.use(test::ObservedVpc::changed());
  EXPECT_EQ(bound(filter).generation(), 2U);
  EXPECT_FALSE(passes(filter, acl_refuses)) << "it is entry 80 now";
  EXPECT_TRUE(passes(filter, web_refuses)) << "allowed by the new rule";
}

TEST_F(Filter, NamesWhatThePolicyDoesNotHave) {
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  EXPECT_THAT(unknown({{"interface", {"web", "eni-11111111"}},
                       {"group", {"bare", "sg-11111111"}},
                       {"acl", {"private", "acl-11111111"}},
                       {"rule", {"90", "*", "sgr-22222222"}}}),
              IsEmpty());
  EXPECT_THAT(unknown({{"interface", "wbe"}}),
              ElementsAre("no interface \"wbe\" in the policy in force; did you mean \"web\"?"));
  EXPECT_THAT(
      unknown({{"group", "baer"}}),
      ElementsAre(
          "no interface has a security group \"baer\" in the policy in force; did you mean \"bare\"?"));
  EXPECT_THAT(unknown({{"acl", "privat"}, {"rule", "999"}}),
              ElementsAre("no network ACL \"privat\" in the policy in force; did you mean \"private\"?",
                          "no rule or entry \"999\" in the policy in force"));
}

}  // namespace
}  // namespace vpcwall

#include "explain/codes.h"

#include <gtest/gtest.h>

#include "support/policies.h"
#include "support/told.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;
using test::packet_of;
using test::small_vpc;
using test::Told;

constexpr const char* web =
    "  - {name: web, ingress: [{protocol: tcp, ports: 443, source: 203.0.113.0/24}], egress: []}";

std::vector<std::string> names(const ordered_json& codes) {
  std::vector<std::string> all;
  for (const auto& code : codes)
    all.push_back(code.at("ExplanationCode").get<std::string>() + ' ' +
                  code.at("Direction").get<std::string>() + ' ' + code.at("Leg").get<std::string>());
  return all;
}

using Names = std::vector<std::string>;

TEST(Codes, NameTheEntryThatDenies) {
  const Told world(small_vpc(web,
                             "network_acls:\n  - name: default\n    ingress: [{rule: 90, action: deny, "
                             "protocol: tcp, ports: 400-500, "
                             "cidr: 203.0.113.0/24}, {rule: 100, action: allow, protocol: all, cidr: "
                             "0.0.0.0/0}]\n    egress: [{rule: 1, "
                             "action: allow, protocol: all, cidr: 0.0.0.0/0}]\n"));
  const auto codes = world.about("tcp S 203.0.113.12:40000 > 10.0.1.10:443").at("codes");
  ASSERT_EQ(names(codes), Names{"SUBNET_ACL_RESTRICTION ingress request"});
  EXPECT_EQ(codes.at(0).at("AclRule"), ordered_json::parse(R"({"Cidr": "203.0.113.0/24", "Egress": false,
      "Protocol": "tcp", "PortRange": {"From": 400, "To": 500}, "RuleAction": "deny", "RuleNumber": 90})"));
  EXPECT_EQ(codes.at(0).at("Acl").at("Id"), world.policy().network_acls.front().id);
  EXPECT_EQ(codes.at(0).at("Subnet").at("Id"), world.policy().subnets.front().id);
}

TEST(Codes, GiveTheLastEntryItsNumber) {  // N-7
  const Told world(small_vpc(web, "network_acls: [{name: default, ingress: [], egress: []}]\n"));
  EXPECT_EQ(
      world.about("tcp S 203.0.113.12:40000 > 10.0.1.10:443").at("codes").at(0).at("AclRule"),
      ordered_json::parse(R"({"Cidr": "0.0.0.0/0", "Egress": false, "Protocol": "all", "RuleAction": "deny",
                                    "RuleNumber": 32767})"));
  EXPECT_EQ(world.about("tcp S [2001:db8:ffff::1]:40000 > [2001:db8:1:101::10]:443")
                .at("codes")
                .at(0)
                .at("AclRule")
                .at("RuleNumber"),
            32768);
}

TEST(Codes, NameTheGroupsOfTheInterface) {
  const Told world(small_vpc("  - {name: web, ingress: [], egress: []}"));
  const auto codes = world.about("tcp S 203.0.113.12:40000 > 10.0.1.10:443").at("codes");
  ASSERT_EQ(names(codes),
            (Names{"ENI_SG_RULES_MISMATCH ingress request", "SG_HAS_NO_RULES ingress request"}));
  const std::string group = world.policy().interfaces.front().security_groups.front();
  EXPECT_EQ(codes.at(0).at("SecurityGroups"), (ordered_json::array({{{"Id", group}}})));
  EXPECT_EQ(codes.at(0).at("NetworkInterface").at("Id"), world.policy().interfaces.front().id);
  EXPECT_EQ(codes.at(1).at("SecurityGroup").at("Id"), group);
  EXPECT_EQ(names(Told(small_vpc(web)).about("tcp S 203.0.113.12:40000 > 10.0.1.10:80").at("codes")),
            Names{"ENI_SG_RULES_MISMATCH ingress request"});
}

TEST(Codes, NameTheSourceDestinationCheckAndTheAddress) {
  const Told world(small_vpc("  - {name: web, ingress: [{protocol: all, source: 0.0.0.0/0}]}"));
  Inquiry inquiry = inquiry_about(packet_of("tcp S 203.0.113.12:40000 > 198.51.100.7:443"));
  inquiry.enters = world.compiled().interface_named("web");
  const auto codes = world.about(inquiry).at("codes");
  // The reply comes from the same foreign address.
  ASSERT_EQ(names(codes), (Names{"ENI_SOURCE_DEST_CHECK_RESTRICTION ingress request",
                                 "ENI_ADDRESS_RESTRICTION ingress request"}));
  EXPECT_EQ(codes.at(1).at("Address"), "198.51.100.7");
  EXPECT_EQ(codes.at(1).at("PacketField"), "destination-address");
  inquiry = inquiry_about(packet_of("tcp S 192.0.2.1:40000 > 203.0.113.12:443"));
  inquiry.leaves = world.compiled().interface_named("web");
  EXPECT_EQ(world.about(inquiry).at("codes").at(1).at("PacketField"), "source-address");
}

TEST(Codes, NameAGroupThatAMiddleboxHides) {  // S-50, S-51
  const Told world(
      small_vpc("  - {name: app, ingress: []}\n  - {name: db, ingress: [{protocol: tcp, ports: 5432, "
                "source: {group: app}}]}",
                "behavior: {sg_identity_lost: [10.0.1.0/24]}\n"));
  EXPECT_EQ(names(world.about("tcp S 10.0.1.11:40000 > 10.0.2.10:5432").at("codes")),
            (Names{"ENI_SG_RULES_MISMATCH ingress request", "SG_REFERENCES_NOT_PRESERVED ingress request"}));
}

TEST(Codes, AreThoseOfEveryGateThatRefuses) {
  const Told world(
      small_vpc("  - {name: app, ingress: [], egress: []}\n  - {name: db, ingress: [], egress: []}",
                "network_acls: [{name: default, ingress: [], egress: []}]\n"));
  const auto codes = names(world.about("tcp S 10.0.1.11:40000 > 10.0.2.10:5432").at("codes"));
  EXPECT_EQ(codes, (Names{"ENI_SG_RULES_MISMATCH egress request", "SG_HAS_NO_RULES egress request",
                          "SUBNET_ACL_RESTRICTION egress request", "SUBNET_ACL_RESTRICTION ingress request",
                          "ENI_SG_RULES_MISMATCH ingress request", "SG_HAS_NO_RULES ingress request",
                          "SUBNET_ACL_RESTRICTION egress reply", "SUBNET_ACL_RESTRICTION ingress reply"}));
}

// Also where no rule could lift one of them.
TEST(Codes, GoOnBehindAGateThatNoRuleOpens) {
  const Told world(
      small_vpc("  - {name: web, ingress: []}", "network_acls: [{name: default, ingress: []}]\n"));
  Inquiry inquiry = inquiry_about(packet_of("tcp S 203.0.113.12:40000 > 198.51.100.7:443"));
  inquiry.enters = world.compiled().interface_named("web");
  const auto codes = names(world.about(inquiry).at("codes"));
  EXPECT_EQ(codes, (Names{"SUBNET_ACL_RESTRICTION ingress request",
                          "ENI_SOURCE_DEST_CHECK_RESTRICTION ingress request",
                          "ENI_ADDRESS_RESTRICTION ingress request", "ENI_SG_RULES_MISMATCH ingress request",
                          "SG_HAS_NO_RULES ingress request"}));
}

TEST(Codes, AreGivenForIpv6AndIcmpAsWell) {
  const Told world(small_vpc(web));
  EXPECT_EQ(names(world.about("icmpv6 128/0 1 2001:db8:ffff::1 > 2001:db8:1:101::10").at("codes")),
            Names{"ENI_SG_RULES_MISMATCH ingress request"});
}

TEST(Codes, AreNoneWhereAllPassesOrATableIsFull) {
  const Told world(small_vpc(web, "behavior: {flows_per_interface: 1}\n"));
  const Inquiry inquiry = inquiry_about(packet_of("tcp S 203.0.113.12:40000 > 10.0.1.10:443"));
  EXPECT_EQ(world.about(inquiry).at("codes"), ordered_json::array());
  const auto full =
      world.about(inquiry, {{}, {{world.compiled().interfaces.front().number, 1}}, TimePoint{}});
  EXPECT_EQ(full.at("request").at("reason"), "flow-table-full");
  EXPECT_EQ(full.at("codes"), ordered_json::array());
  EXPECT_EQ(full.at("fix").at("helps"), false);
  EXPECT_NE(full.at("fix").at("sentence").get<std::string>().find("holds as many flows as it may"),
            std::string::npos);
}

}  // namespace
}  // namespace vpcwall

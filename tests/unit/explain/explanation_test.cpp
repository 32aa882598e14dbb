#include "explain/explanation.h"

#include <gtest/gtest.h>

#include "explain/explanation_text.h"
#include "support/policies.h"
#include "support/told.h"

namespace vpcwall {
namespace {

using test::packet_of;
using test::small_vpc;
using test::Told;

nlohmann::ordered_json told(const Policy& policy, const char* text) { return Told(policy).about(text); }

constexpr const char* web =
    "  - {name: web, ingress: [{protocol: tcp, ports: 443, source: 203.0.113.0/24}], egress: []}";
constexpr const char* no_way_back =
    "network_acls:\n  - {name: default, ingress: [{rule: 100, action: allow, protocol: all, cidr: "
    "0.0.0.0/0}], egress: []}\n";

TEST(Explain, TellsThatTheReplyHangsAtTheAcl) {
  const auto story = told(small_vpc(web, no_way_back), "tcp S 203.0.113.12:40000 > 10.0.1.10:443");
  EXPECT_EQ(story.at("schema"), "vpcwall/explain/1");
  EXPECT_EQ(story.at("verdict"), "blocked");
  EXPECT_EQ(story.at("request").at("verdict"), "accept");
  EXPECT_EQ(story.at("reply").at("gates").at(0).at("outcome"), "tracked");
  EXPECT_EQ(story.at("blocked_at"),
            (nlohmann::ordered_json{
                {"gate", "acl-egress"}, {"direction", "reply"}, {"rule", "*"}, {"at", "test.yaml:13:5"}}));
  EXPECT_NE(story.at("sentence").get<std::string>().find("its reply"), std::string::npos);
}

TEST(Explain, TellsThatBothWaysPass) {
  const auto story = told(small_vpc(web), "tcp S 203.0.113.12:40000 > 10.0.1.10:443");
  EXPECT_EQ(story.at("verdict"), "pass");
  EXPECT_TRUE(story.at("blocked_at").is_null());
}

TEST(Explain, HasNoReplyWhereTheRequestIsRefused) {
  const auto story = told(small_vpc(web), "tcp S 203.0.113.12:40000 > 10.0.1.10:80");
  EXPECT_TRUE(story.at("reply").is_null());
  EXPECT_EQ(story.at("blocked_at").at("direction"), "request");
  EXPECT_TRUE(story.at("blocked_at").at("rule").is_null()) << "an implicit deny has no rule";
  EXPECT_NE(story.at("sentence").get<std::string>().find("no rule of its groups allows it"),
            std::string::npos);
}

TEST(Explain, NamesTheSourceDestinationCheck) {  // D-2
  const Told world(small_vpc(web));
  Inquiry inquiry = inquiry_about(packet_of("tcp S 203.0.113.12:40000 > 198.51.100.7:443"));
  inquiry.enters = world.compiled().interface_named("web");
  const auto story = world.about(inquiry);
  EXPECT_NE(story.at("sentence").get<std::string>().find("the source/destination check of interface web"),
            std::string::npos)
      << story.dump();
  const auto& fix = story.at("fix");
  EXPECT_EQ(fix.at("edits").at(0).at("text"), "set on interface web: {source_dest_check: false}");
  EXPECT_NE(fix.at("sentence").get<std::string>().find("forged addresses included"), std::string::npos)
      << "what it costs is said: " << fix.dump();
}

TEST(Explain, AnswersAPingWithAnEchoReply) {
  const auto story =
      told(small_vpc("  - {name: web, ingress: [{protocol: icmp, type: 8, source: 0.0.0.0/0}], egress: []}"),
           "icmp 8/0 1 203.0.113.12 > 10.0.1.10");
  EXPECT_EQ(story.at("verdict"), "pass");
  EXPECT_EQ(reply_to(packet_of("icmp 8/0 1 203.0.113.12 > 10.0.1.10")).icmp_type, 0);
}

TEST(Explain, TakesLiveFlowsIntoAccount) {
  const Told world(small_vpc("  - {name: web, ingress: [], egress: []}"));
  const Packet packet = packet_of("tcp A 203.0.113.12:40000 > 10.0.1.10:443");
  Flow flow;
  flow.key = {test::ip("10.0.1.10").high,
              0,
              test::ip("203.0.113.12").high,
              0,
              world.compiled().interfaces[0].number,
              443,
              40000,
              Protocol::tcp,
              Family::ipv4};
  flow.state = FlowState::established;
  flow.originator = Originator::remote;
  flow.expires = TimePoint{} + std::chrono::hours(1);
  flow.opened_by = 0;
  EXPECT_EQ(world.about(inquiry_about(packet)).at("verdict"), "blocked");
  EXPECT_EQ(world.about(inquiry_about(packet), {{flow}, {}, TimePoint{}}).at("verdict"), "pass");
}

TEST(ExplanationText, SaysTheSameToPeople) {
  const auto story = told(small_vpc(web, no_way_back), "tcp S 203.0.113.12:40000 > 10.0.1.10:443");
  const std::string text = explanation_text(story, false);
  for (const char* part :
       {"request  tcp 203.0.113.12:40000 -> 10.0.1.10:443 [S]", "acl-egress", "<- stops here", "BLOCKED: "})
    EXPECT_NE(text.find(part), std::string::npos) << text;
  EXPECT_EQ(text.find('\033'), std::string::npos) << "no colour unless asked";
}

TEST(ExplanationText, SaysWhatNoRuleSaid) {
  const auto refused = told(small_vpc(web), "tcp S 203.0.113.12:40000 > 10.0.1.10:80");
  EXPECT_NE(explanation_text(refused, true).find("implicit deny"), std::string::npos);
  EXPECT_NE(explanation_text(refused, true).find('\033'), std::string::npos) << "colour where asked";
  EXPECT_NE(explanation_text(refused, false).find("reply    none"), std::string::npos);
  const auto nobody = told(small_vpc(web), "tcp S 203.0.113.12:40000 > 198.51.100.7:80");
  EXPECT_NE(explanation_text(nobody, false).find("no gate is asked (not-guarded)"), std::string::npos);
}

TEST(ExplanationText, NamesTheExemptGate) {  // E-19
  const auto story = told(small_vpc(web), "udp 203.0.113.12:67 > 10.0.1.10:68");
  const auto& gate = story.at("request").at("gates").at(0);
  EXPECT_EQ(gate.at("gate"), "exempt");
  EXPECT_EQ(gate.at("outcome"), "exempt");
  EXPECT_FALSE(gate.contains("rule")) << "no rule has spoken";
}

}  // namespace
}  // namespace vpcwall

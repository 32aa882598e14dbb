#include "control/reports.h"

#include <gtest/gtest.h>

#include "control/report_text.h"
#include "engine/shard.h"
#include "policy/compile.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using test::packet_of;
using test::small_vpc;

class Reports : public ::testing::Test {
 protected:
  Reports() {
    use("  - {name: web, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}], egress: []}");
  }
  void use(const char* groups) {
    policy_ = compile(small_vpc(groups), context_, ++generation_);
    for (Shard* shard : {&one_, &two_}) {
      shard->counters().reserve(context_.slots.size());
      shard->adopt(policy_, now_);
    }
  }
  void judge(Shard& shard, const char* text) {
    const Packet packet = packet_of(text);
    shard.judge(*policy_, {packet, find_journey(*policy_, packet, {}), now_});
  }
  nlohmann::ordered_json rules() {
    const std::array<const Counters*, 2> counters{&one_.counters(), &two_.counters()};
    return rules_report(*policy_, context_.slots, counters, now_ + std::chrono::seconds(2));
  }
  static nlohmann::ordered_json row(const nlohmann::ordered_json& rows, const char* key, const char* value) {
    for (const auto& one : rows)
      if (one.at(key) == value) return one;
    return nullptr;
  }

  CompileContext context_;
  FlowAllowance allowance_;
  Shard one_{16, {1, 2, 3, 4}, allowance_}, two_{16, {5, 6, 7, 8}, allowance_};
  std::shared_ptr<const CompiledPolicy> policy_;
  std::uint64_t generation_ = 0;
  TimePoint now_{std::chrono::hours(1)};
};

TEST_F(Reports, AddUpWhatTheShardsCounted) {
  judge(one_, "tcp S 203.0.113.12:1 > 10.0.1.10:22");
  judge(two_, "tcp S 203.0.113.12:2 > 10.0.1.10:22");
  judge(two_, "tcp S 203.0.113.12:2 > 10.0.1.10:23");
  const auto report = rules();
  const auto rule = row(report.at("rules"), "text", "allow tcp 22 203.0.113.0/24");
  EXPECT_EQ(rule.at("packets"), 2);
  EXPECT_EQ(rule.at("bytes"), 120);
  EXPECT_EQ(rule.at("name"), "web");
  EXPECT_EQ(rule.at("kind"), "group-rule");
  EXPECT_DOUBLE_EQ(rule.at("last_hit_seconds_ago").get<double>(), 2.0);
  EXPECT_EQ(row(report.at("reasons"), "reason", "no-group-rule").at("packets"), 1);
  std::uint64_t denied = 0;
  for (const auto& gate : report.at("gates"))
    if (gate.at("gate") == "sg-ingress" && gate.at("outcome") == "deny")
      denied += gate.at("packets").get<std::uint64_t>();
  EXPECT_EQ(denied, 1U);
}

TEST_F(Reports, SayWhichVerdictEachReasonGives) {
  for (const char* text : {"tcp S 203.0.113.12:1 > 10.0.1.10:22", "tcp S 203.0.113.12:1 > 10.0.1.10:23",
                           "udp 203.0.113.12:1 > 198.51.100.7:53"}) {
    const Packet packet = packet_of(text);
    const Decision decision = two_.judge(*policy_, {packet, find_journey(*policy_, packet, {}), now_});
    const auto reasons = rules().at("reasons");
    EXPECT_EQ(row(reasons, "reason", std::string(to_string(decision.reason)).c_str()).at("verdict"),
              to_string(decision.verdict))
        << text;
  }
}

TEST_F(Reports, ListTheStarEntryOfBothFamiliesAndTheImplicitDeny) {
  std::size_t stars = 0;
  std::size_t implicit = 0;
  const auto report = rules();
  for (const auto& rule : report.at("rules")) {
    stars += rule.at("kind") == "acl-default" ? 1U : 0U;
    implicit += rule.at("kind") == "group-default" ? 1U : 0U;
  }
  EXPECT_EQ(stars, 4U) << "one ACL, two directions, two families";
  EXPECT_EQ(implicit, 6U) << "three interfaces, two directions";
}

TEST_F(Reports, KeepARemovedRuleWithItsCount) {
  judge(one_, "tcp S 203.0.113.12:1 > 10.0.1.10:22");
  use("  - {name: web, ingress: [], egress: []}");
  const auto rule = row(rules().at("rules"), "text", "allow tcp 22 203.0.113.0/24");
  ASSERT_FALSE(rule.is_null());
  EXPECT_EQ(rule.at("active"), false);
  EXPECT_EQ(rule.at("packets"), 1);
  EXPECT_NE(rules_text(rules()).find("(removed)"), std::string::npos);
}

TEST_F(Reports, DescribeFlows) {
  judge(one_, "tcp S 203.0.113.12:40000 > 10.0.1.10:22");
  std::vector<Flow> flows;
  one_.flows().visit(now_, [&flows](const Flow& flow) { flows.push_back(flow); });
  const auto report = flows_report(*policy_, context_.slots, flows, 5, now_ + std::chrono::seconds(20));
  EXPECT_EQ(report.at("total"), 5);
  const auto& flow = report.at("flows").at(0);
  EXPECT_EQ(flow.at("interface"), "web");
  EXPECT_EQ(flow.at("local"), "10.0.1.10");
  EXPECT_EQ(flow.at("remote_port"), 40000);
  EXPECT_EQ(flow.at("state"), "syn-sent");
  EXPECT_EQ(flow.at("opened"), "ingress");
  EXPECT_DOUBLE_EQ(flow.at("expires_in_seconds").get<double>(), 100.0);
  const std::string text = flows_text(report);
  EXPECT_NE(text.find("203.0.113.12:40000"), std::string::npos) << text;
  EXPECT_NE(text.find("1 of 5 flows"), std::string::npos) << text;
}

TEST_F(Reports, NameTheIdentifierOfAPing) {
  use("  - {name: web, ingress: [{protocol: icmp, type: 8, source: 203.0.113.0/24}], egress: []}");
  judge(one_, "icmp 8/0 77 203.0.113.12 > 10.0.1.10");
  std::vector<Flow> flows;
  one_.flows().visit(now_, [&flows](const Flow& flow) { flows.push_back(flow); });
  const auto report = flows_report(*policy_, context_.slots, flows, 1, now_);
  EXPECT_EQ(report.at("flows").at(0).at("id"), 77);
}

TEST(StatusText, SaysWhatAnOperatorMustKnow) {
  const nlohmann::ordered_json report = nlohmann::ordered_json::parse(R"({
      "version": "9.9", "pid": 42, "uptime_seconds": 7300, "policy": "/etc/vpcwall/vpc.yaml", "generation": 3,
      "mode": "router", "backend": "xt", "fail_mode": "closed", "fast_path": {"mode": "off", "active": false},
      "management_bypass": [{"protocol": "tcp", "port": 22}], "test_clock": {"offset_seconds": 600},
      "flows": {"active": 1, "capacity": 16, "refused": 0},
      "queues": [{"number": 5, "received": 12345, "bursts": 2, "waiting": 0, "kernel_dropped": 0, "user_dropped": 0}]})");
  const std::string text = status_text(report);
  EXPECT_NE(text.find("fast path   off\n"), std::string::npos) << text;
  for (const char* part :
       {"vpcwalld 9.9, process 42, up 2 h", "/etc/vpcwall/vpc.yaml, generation 3",
        "router mode, back end xt, fail closed", "BYPASS      tcp 22 of this host: NOT JUDGED",
        "test clock  moved by 10 min; stands still", "1 of 16", "12345"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " is missing in:\n" << text;
}

TEST(StatusText, SaysWhatTheFastPathDoesOrWhyItDoesNot) {
  auto report = nlohmann::ordered_json::parse(R"({
      "version": "9.9", "pid": 42, "uptime_seconds": 1, "policy": "p", "generation": 3, "mode": "router",
      "backend": "xt", "fail_mode": "closed", "flows": {"active": 1, "capacity": 16, "refused": 0}, "queues": [],
      "fast_path": {"mode": "auto", "active": true, "flows": {"cached": 7, "places": 1000},
                    "refusals": {"cached": 3, "places": 100}}})");
  EXPECT_NE(status_text(report).find("fast path   active (auto), 7 of 1000 flows, 3 of 100 refusals"),
            std::string::npos)
      << status_text(report);
  report["fast_path"] = {{"mode", "auto"}, {"active", false}, {"reason", "no such kernel"}};
  EXPECT_NE(status_text(report).find("fast path   not active (auto): no such kernel"), std::string::npos)
      << status_text(report);
}

}  // namespace
}  // namespace vpcwall

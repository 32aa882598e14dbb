#include "daemon/control/decisions_report.h"

#include <gtest/gtest.h>

#include "engine/decision_json.h"
#include "engine/shard.h"
#include "policy/compile.h"
#include "replay/packet_json.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using test::packet_of;
using test::small_vpc;

class DecisionsReport : public ::testing::Test {
 protected:
  DecisionsReport() {
    shard_.counters().reserve(context_.slots.size());
    shard_.adopt(policy_, now_);
    tap_.enable();
  }
  Decision judge(const Packet& packet) {
    const Decision decision = shard_.judge(*policy_, {packet, find_journey(*policy_, packet, {}), now_});
    tap_.record(0, packet, decision, policy_, now_);
    return decision;
  }
  nlohmann::ordered_json report(std::uint64_t since = 0) {
    return decisions_report(tap_.read(since, 10), context_.slots, now_ + std::chrono::seconds(2));
  }

  CompileContext context_;
  std::shared_ptr<const CompiledPolicy> policy_ = compile(
      small_vpc("  - {name: web, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}], egress: []}"),
      context_, 7);
  FlowAllowance allowance_;
  Shard shard_{16, {1, 2, 3, 4}, allowance_};
  EventTap tap_{1, 4};
  TimePoint now_{std::chrono::hours(1)};
};

TEST_F(DecisionsReport, ShowsADecisionAsSimulateDoes) {
  const Packet packet = packet_of("tcp S 203.0.113.12:40000 > 10.0.1.10:22");
  const auto expected = to_json(judge(packet), *policy_, context_.slots);
  const auto json = report();
  EXPECT_EQ(json.at("schema"), "vpcwall/decisions/1");
  EXPECT_EQ(json.at("next"), 1);
  EXPECT_EQ(json.at("missed"), 0);
  ASSERT_EQ(json.at("decisions").size(), 1U);
  const auto& row = json.at("decisions").at(0);
  EXPECT_EQ(row.at("sequence"), 0);
  EXPECT_EQ(row.at("generation"), 7);
  EXPECT_DOUBLE_EQ(row.at("seconds_ago").get<double>(), 2.0);
  EXPECT_EQ(row.at("packet"), to_json(packet));
  for (const char* key : {"verdict", "reason", "gates"}) EXPECT_EQ(row.at(key), expected.at(key)) << key;
  EXPECT_EQ(row.at("gates").back().at("outcome"), "new");
  EXPECT_FALSE(row.contains("parse_error"));
}

TEST_F(DecisionsReport, SaysWhyAPacketCouldNotBeRead) {
  tap_.record(0, Unexpected{ParseError::bad_total_length},
              {.verdict = Verdict::drop, .reason = reason_of(ParseError::bad_total_length)}, policy_, now_);
  const auto json = report();
  const auto& row = json.at("decisions").at(0);
  EXPECT_TRUE(row.at("packet").is_null());
  EXPECT_EQ(row.at("parse_error"), "bad-total-length");
  EXPECT_EQ(row.at("verdict"), "drop");
  EXPECT_EQ(row.at("reason"), "malformed");
  EXPECT_EQ(row.at("gates"), nlohmann::ordered_json::array());
}

TEST_F(DecisionsReport, CountsWhatIsMissing) {
  for (int i = 0; i < 6; ++i) judge(packet_of("udp 203.0.113.12:53 > 10.0.1.10:53"));
  const auto json = report(1);
  EXPECT_EQ(json.at("missed"), 1);
  EXPECT_EQ(json.at("next"), 6);
  EXPECT_EQ(json.at("decisions").at(0).at("sequence"), 2);
}

}  // namespace
}  // namespace vpcwall

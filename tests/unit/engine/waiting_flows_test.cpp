#include "engine/waiting_flows.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

using std::chrono::seconds;

constexpr TimePoint start{std::chrono::hours(1)};
constexpr std::uint32_t many = 100'000;

Flow flow_of(std::uint16_t port, TimePoint expires) {
  Flow flow;
  flow.key.protocol = Protocol::udp;
  flow.key.remote_port = port;
  flow.opened_at = flow.last_packet = start;
  flow.expires = expires;
  return flow;
}

struct WaitingFlowsOrder : ::testing::Test {
  FlowAllowance allowance;
  WaitingFlows waiting{allowance, {1, 2, 3, 4}};
};

TEST_F(WaitingFlowsOrder, TakesAwayWhatHasIdledAndNothingElse) {
  for (std::uint16_t port = 1; port <= 10; ++port)
    ASSERT_TRUE(waiting.add(flow_of(port, start + seconds(11 - port)), many));
  EXPECT_TRUE(waiting.expire(start));
  EXPECT_EQ(waiting.size(), 10U);
  EXPECT_TRUE(waiting.expire(start + seconds(3)));
  EXPECT_EQ(waiting.size(), 7U);
  EXPECT_EQ(allowance.used(0), 7U) << "their places are free";
  EXPECT_FALSE(waiting.claim(flow_of(8, start).key)) << "three seconds";
  EXPECT_TRUE(waiting.claim(flow_of(7, start).key)) << "four";
}

TEST_F(WaitingFlowsOrder, AwaitsTheEndOfAFlowThatIsReplacedAgainAndAgain) {
  for (int i = 1; i <= 1000; ++i) {
    Flow flow = flow_of(1, start + seconds(i));
    flow.last_packet += seconds(i);
    ASSERT_TRUE(waiting.replace(flow, many));
    EXPECT_TRUE(waiting.expire(start + seconds(i) - seconds(1)));
  }
  EXPECT_EQ(waiting.size(), 1U);
  ASSERT_TRUE(waiting.replace(flow_of(1, start + seconds(500)), many)) << "nearer again, as after a reset";
  EXPECT_TRUE(waiting.expire(start + seconds(499)));
  EXPECT_TRUE(waiting.any());
  EXPECT_TRUE(waiting.expire(start + seconds(500)));
  EXPECT_FALSE(waiting.any());
  EXPECT_EQ(allowance.used(0), 0U);
}

TEST_F(WaitingFlowsOrder, TakesSomeAwayAtATime) {
  for (std::uint16_t port = 1; port <= 1000; ++port)
    ASSERT_TRUE(waiting.add(flow_of(port, start + seconds(1)), many));
  std::size_t calls = 1;
  while (!waiting.expire(start + seconds(1))) {
    EXPECT_TRUE(waiting.any());
    ++calls;
  }
  EXPECT_FALSE(waiting.any());
  EXPECT_GT(calls, 1U);
}

TEST_F(WaitingFlowsOrder, PassesOverWhatWasClaimedOrLivesLonger) {
  ASSERT_TRUE(waiting.add(flow_of(1, start + seconds(1)), many));
  ASSERT_TRUE(waiting.add(flow_of(2, start + seconds(1)), many));
  Flow later = flow_of(2, start + seconds(9));
  later.last_packet += seconds(5);
  ASSERT_TRUE(waiting.add(later, many));
  ASSERT_TRUE(waiting.claim(flow_of(1, start).key));
  EXPECT_TRUE(waiting.expire(start + seconds(8)));
  EXPECT_TRUE(waiting.find(later.key, start + seconds(8)));
  EXPECT_TRUE(waiting.expire(start + seconds(9)));
  EXPECT_FALSE(waiting.any());
  EXPECT_EQ(allowance.used(0), 1U) << "that of the one that was claimed is its claimer's";
}

TEST_F(WaitingFlowsOrder, HasNothingForAKeyThatNobodyWaitsWith) {
  ASSERT_TRUE(waiting.add(flow_of(1, start + seconds(1)), many));
  for (std::uint16_t port = 2; port < 2000; ++port) {
    EXPECT_FALSE(waiting.claim(flow_of(port, start).key));
    EXPECT_FALSE(waiting.find(flow_of(port, start).key, start));
  }
  EXPECT_TRUE(waiting.find(flow_of(1, start).key, start));
}

}  // namespace
}  // namespace vpcwall

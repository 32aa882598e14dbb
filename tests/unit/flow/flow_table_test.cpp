#include "flow/flow_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "flow/flow_allowance.h"

namespace vpcwall {
namespace {

using std::chrono::seconds;

constexpr FlowHash::Seed seed{11, 22, 33, 44};
constexpr TimePoint start{seconds(1000)};
const auto ignore = [](const Flow&) {};

FlowKey key(std::uint16_t port, Protocol protocol = Protocol::udp) {
  FlowKey result;
  result.local_high = 10;
  result.remote_high = 20;
  result.local_port = 53;
  result.remote_port = port;
  result.protocol = protocol;
  return result;
}

FlowOpening opening(TcpFlags flags = {}) { return {Originator::remote, 7, flags, {}, 60}; }

TEST(FlowTable, HasACapacityThatItsIndexesCanHold) {
  EXPECT_THROW(FlowTable(0, {1, 2, 3, 4}), std::invalid_argument);
  EXPECT_THROW(FlowTable((std::size_t{1} << 28U) + 1, {1, 2, 3, 4}), std::invalid_argument);
}

TEST(FlowTable, TakesAtMost160BytesForEachFlow) {
  for (const std::size_t capacity : {std::size_t{1000}, std::size_t{1024}, std::size_t{1'000'000}})
    EXPECT_LE(FlowTable(capacity, {1, 2, 3, 4}).memory_bytes(), 160 * capacity);
}

TEST(FlowTable, FindsWhatWasOpened) {
  FlowTable table(4, seed);
  ASSERT_TRUE(table.open(key(1), opening(), start));
  const Flow* flow = table.find(key(1), start);
  ASSERT_NE(flow, nullptr);
  EXPECT_EQ(flow->opened_by, 7U);
  EXPECT_EQ(flow->originator, Originator::remote);
  EXPECT_EQ(flow->packets[0], 1U);
  EXPECT_EQ(table.find(key(2), start), nullptr);
}

TEST(FlowTable, ForgetsAtTheVeryMomentOfTheTimeout) {
  FlowTable table(4, seed);
  table.open(key(1), opening(), start);
  EXPECT_NE(table.find(key(1), start + seconds(30) - Duration(1)), nullptr);
  EXPECT_EQ(table.find(key(1), start + seconds(30)), nullptr);
}

TEST(FlowTable, RestartsTheTimerWithEachPacketOfEitherSide) {
  FlowTable table(4, seed);
  table.open(key(1), opening(), start);
  table.touch(key(1), {FlowDirection::original, {}, {}, 10}, start + seconds(29));
  table.touch(key(1), {FlowDirection::reply, {}, {}, 20}, start + seconds(58));
  const Flow* flow = table.find(key(1), start + seconds(87));
  ASSERT_NE(flow, nullptr);
  EXPECT_EQ(flow->packets[0], 2U);
  EXPECT_EQ(flow->bytes[1], 20U);
  EXPECT_EQ(table.find(key(1), start + seconds(88)), nullptr);
}

TEST(FlowTable, DoesNotReviveAnExpiredFlow) {
  FlowTable table(4, seed);
  table.open(key(1), opening(), start);
  table.touch(key(1), {FlowDirection::original, {}, {}, 10}, start + seconds(30));
  EXPECT_EQ(table.find(key(1), start + seconds(31)), nullptr);
}

TEST(FlowTable, RefusesWhenFullAndTakesAgainWhenOneLeft) {
  FlowTable table(2, seed);
  EXPECT_TRUE(table.open(key(1), opening(), start));
  EXPECT_TRUE(table.open(key(2), opening(), start + seconds(1)));
  EXPECT_EQ(table.size(), table.capacity());
  EXPECT_FALSE(table.open(key(3), opening(), start + seconds(2)));
  EXPECT_EQ(table.expire(start + seconds(30), 10, ignore), 1U);
  EXPECT_TRUE(table.open(key(3), opening(), start + seconds(30)));
  EXPECT_NE(table.find(key(2), start + seconds(30)), nullptr);
}

TEST(FlowTable, DoesNotOpenALiveFlowTwice) {
  FlowTable table(4, seed);
  EXPECT_TRUE(table.open(key(1), opening(), start));
  EXPECT_FALSE(table.open(key(1), opening(), start));
  EXPECT_TRUE(table.open(key(1), opening(), start + seconds(30))) << "an expired one is replaced";
  EXPECT_EQ(table.size(), 1U);
}

TEST(FlowTable, ExpiresWithinItsBudgetInTheOrderOfTheTimers) {
  FlowTable table(16, seed);
  for (std::uint16_t port = 0; port < 10; ++port) table.open(key(port), opening(), start + seconds(port));
  std::vector<std::uint16_t> gone;
  const auto note = [&gone](const Flow& flow) { gone.push_back(flow.key.remote_port); };
  EXPECT_EQ(table.expire(start + seconds(36), 3, note), 3U);
  EXPECT_EQ(table.expire(start + seconds(36), 100, note), 4U);
  EXPECT_EQ(gone, (std::vector<std::uint16_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(FlowTable, MovesAFlowToTheTimerOfItsNewState) {
  FlowTable table(4, seed);
  table.open(key(1, Protocol::tcp), opening({.syn = true}), start);
  EXPECT_EQ(table.find(key(1, Protocol::tcp), start + seconds(119))->state, FlowState::syn_sent);
  table.touch(key(1, Protocol::tcp), {FlowDirection::reply, {.syn = true, .ack = true}, {}, 0},
              start + seconds(1));
  EXPECT_EQ(table.find(key(1, Protocol::tcp), start + seconds(61)), nullptr) << "syn-received lasts 60 s";
}

TEST(FlowTable, RestoresAFlowWithTheRestOfItsTime) {
  FlowTable first(4, seed);
  first.open(key(1), opening(), start);
  const Flow copy = *first.find(key(1), start);
  FlowTable second(4, seed);
  second.open(key(2), opening(), start + seconds(20));
  ASSERT_TRUE(second.restore(copy, start + seconds(20)));
  EXPECT_FALSE(second.restore(copy, start + seconds(20))) << "live already";
  std::vector<std::uint16_t> gone;
  const auto note = [&gone](const Flow& flow) { gone.push_back(flow.key.remote_port); };
  EXPECT_EQ(second.expire(start + seconds(30), 10, note), 1U);
  EXPECT_EQ(gone, std::vector<std::uint16_t>{1}) << "it stands before the flow that expires later";
}

// The slow twin: a map and a scan.
TEST(FlowTable, EqualsANaiveTableOnRandomUse) {
  std::mt19937 random(7);
  FlowTable table(64, seed);
  std::map<std::uint16_t, Flow> naive;
  TimePoint now = start;
  const auto drop_expired = [&] {
    std::erase_if(naive, [&](const auto& item) { return item.second.expires <= now; });
  };
  for (int round = 0; round < 100000; ++round) {
    now += std::chrono::milliseconds(random() % 900);
    drop_expired();
    const auto port = static_cast<std::uint16_t>(random() % 100);
    const FlowKey k = key(port, port % 2 == 0 ? Protocol::udp : Protocol::tcp);
    const TcpFlags flags = TcpFlags::from_byte(static_cast<std::uint8_t>(random()));
    const auto found = naive.find(port);
    ASSERT_EQ(table.find(k, now) != nullptr, found != naive.end());
    if (found != naive.end()) {
      ASSERT_EQ(table.find(k, now)->state, found->second.state);
      ASSERT_EQ(table.find(k, now)->expires, found->second.expires);
    }
    switch (random() % 4) {
      case 0:
        table.expire(now, 1000, ignore);
        ASSERT_EQ(table.size(), naive.size());
        if (table.open(k, opening(flags), now)) {
          ASSERT_TRUE(found == naive.end() && naive.size() < 64);
          Flow flow;
          flow.state = first_state(k.protocol, k.family, flags);
          flow.expires = now + idle_timeout(flow.state, {});
          naive[port] = flow;
        } else {
          ASSERT_TRUE(found != naive.end() || naive.size() == 64);
        }
        break;
      case 1: ASSERT_EQ(table.erase(k) && found != naive.end(), naive.erase(port) == 1); break;
      default: {
        const auto direction = random() % 2 == 0 ? FlowDirection::original : FlowDirection::reply;
        table.touch(k, {direction, flags, {}, 1}, now);
        if (found != naive.end()) {
          found->second.state = next_state(found->second.state, flags, direction);
          found->second.expires = now + idle_timeout(found->second.state, {});
        }
      }
    }
  }
}

TEST(FlowHash, SpreadsNeighboursAndDependsOnItsSeed) {
  const FlowHash one(seed);
  const FlowHash other({99, 22, 33, 44});
  std::set<std::uint64_t> buckets;
  int equal = 0;
  for (std::uint16_t port = 0; port < 4096; ++port) {
    buckets.insert(one(key(port)) % 4096);
    equal += one(key(port)) == other(key(port)) ? 1 : 0;
  }
  EXPECT_GT(buckets.size(), 2300U) << "a random function fills about 2589 of 4096 buckets";
  EXPECT_EQ(equal, 0);
}

TEST(FlowAllowance, StopsAtTheLimitPerInterface) {
  FlowAllowance allowance;
  EXPECT_TRUE(allowance.take(3, 2));
  EXPECT_TRUE(allowance.take(3, 2));
  EXPECT_FALSE(allowance.take(3, 2));
  EXPECT_TRUE(allowance.take(4, 2));
  allowance.give(3);
  EXPECT_EQ(allowance.used(3), 1U);
  EXPECT_TRUE(allowance.take(3, 2));
}

}  // namespace
}  // namespace vpcwall

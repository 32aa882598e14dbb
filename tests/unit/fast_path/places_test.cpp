#include "fast_path/places.h"

#include <gtest/gtest.h>

#include <vector>

#include "fast_path/flow_presence.h"
#include "fast_path/grace_periods.h"

namespace vpcwall {
namespace {

TEST(Places, AreFoundOnlyWhilePublishedAndOnlyByTheirOwner) {
  std::vector<fast_path::bucket> buckets(2);
  Places places(buckets);
  constexpr std::uint64_t hash = 0x1234567800000042;
  const auto any = [](std::uint32_t) { return true; };
  const auto place = places.claim(hash, 1);
  ASSERT_TRUE(place);
  EXPECT_FALSE(places.find(hash, 1, any)) << "claimed, and nothing stands there yet";
  places.publish(*place, hash);
  EXPECT_EQ(places.find(hash, 1, any), place);
  EXPECT_FALSE(places.find(hash, 2, any));
  EXPECT_FALSE(places.find(hash, 1, [](std::uint32_t) { return false; }));
  places.free(*place);
  EXPECT_FALSE(places.find(hash, 1, any));
}

TEST(Places, TakeNoMoreThanABucketHolds) {
  std::vector<fast_path::bucket> buckets(2);
  Places places(buckets);
  constexpr std::uint64_t hash = 1;
  for (unsigned i = 0; i < fast_path::ways; ++i) {
    EXPECT_FALSE(places.is_full(hash));
    EXPECT_TRUE(places.claim(hash, static_cast<Places::Owner>(i % 2)));
  }
  EXPECT_TRUE(places.is_full(hash));
  EXPECT_FALSE(places.claim(hash, 0));
  unsigned mine = 0;
  places.visit(hash, 1, [&mine](std::uint32_t) { ++mine; });
  EXPECT_EQ(mine, fast_path::ways / 2);
  EXPECT_FALSE(places.is_full(hash | std::uint64_t{1} << 32U)) << "another bucket";
}

TEST(FlowPresence, SaysNoOnlyWhenNoFlowIsThere) {
  std::vector<std::uint8_t> cells(64);
  FlowPresence presence(cells);
  EXPECT_FALSE(presence.may_have_flow(5));
  presence.add(5);
  presence.add(5);
  presence.remove(5);
  EXPECT_TRUE(presence.may_have_flow(5));
  presence.remove(5);
  EXPECT_FALSE(presence.may_have_flow(5));
}

TEST(FlowPresence, NeverForgetsACellThatOverflowed) {
  std::vector<std::uint8_t> cells(64);
  FlowPresence presence(cells);
  for (int i = 0; i < 300; ++i) presence.add(5);
  for (int i = 0; i < 300; ++i) presence.remove(5);
  EXPECT_TRUE(presence.may_have_flow(5));
}

TEST(GracePeriods, PassWhenAWaitThatBeganLaterIsOver) {
  GracePeriods periods;
  periods.begin();
  const std::uint64_t ticket = periods.request();
  periods.end();
  EXPECT_FALSE(periods.passed(ticket)) << "that wait had begun before";
  periods.await_request();  // returns at once: somebody waits
  periods.begin();
  EXPECT_FALSE(periods.passed(ticket));
  periods.end();
  EXPECT_TRUE(periods.passed(ticket));
  periods.stop();
  periods.await_request();
  EXPECT_TRUE(periods.stopped());
}

}  // namespace
}  // namespace vpcwall

#include "flow/flow_shares.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

constexpr InterfaceNumber a = 7, b = 0, c = 300;
constexpr std::uint32_t no_limit = 1'000'000;

void fill(FlowShares& shares, InterfaceNumber interface) {
  for (int i = 0; i < 1000 && shares.has_room(interface, std::nullopt); ++i) shares.add(interface);
}

// T-370, C-60
TEST(FlowShares, LeaveRoomForAnInterfaceWhenOthersTakeAllTheyCan) {
  FlowShares shares;
  shares.divide(120, 3, no_limit);
  EXPECT_EQ(shares.guaranteed(), 20U);
  fill(shares, a);
  fill(shares, b);
  EXPECT_EQ(shares.free_used(), 60U);
  std::size_t opened = 0;
  while (shares.has_room(c, std::nullopt)) {
    shares.add(c);
    ++opened;
  }
  EXPECT_EQ(opened, 20U);
}

TEST(FlowShares, GuaranteeNoMoreThanTheLimit) {
  FlowShares shares;
  shares.divide(120, 2, 10);
  EXPECT_EQ(shares.guaranteed(), 10U);
  EXPECT_EQ(shares.free_size(), 100U);
}

TEST(FlowShares, UseTheShareBeforeTheRest) {
  FlowShares shares;
  shares.divide(40, 2, no_limit);
  for (int i = 0; i < 10; ++i) shares.add(a);
  EXPECT_EQ(shares.free_used(), 0U);
  shares.add(a);
  EXPECT_EQ(shares.free_used(), 1U);
  shares.remove(a);
  shares.remove(a);
  EXPECT_EQ(shares.free_used(), 0U);
}

// A packet from one interface to another opens two flows, to itself as well.
TEST(FlowShares, CountTheFlowThatThePacketOpensOnItsOtherSide) {
  FlowShares shares;
  shares.divide(8, 2, no_limit);  // a share of 2 each, and 4 for everyone
  for (int i = 0; i < 5; ++i) shares.add(a);
  EXPECT_TRUE(shares.has_room(a, std::nullopt));
  EXPECT_FALSE(shares.has_room(a, a)) << "one place is left of what is for everyone";
  EXPECT_TRUE(shares.has_room(a, b)) << "b has a share of its own";
  EXPECT_TRUE(shares.has_room(b, a));
  shares.add(a);
  EXPECT_FALSE(shares.has_room(a, std::nullopt));
  EXPECT_TRUE(shares.has_room(b, a));
}

// A change of policy takes no flow away.
TEST(FlowShares, AreDividedAnewUnderTheFlowsThatThereAre) {
  FlowShares shares;
  shares.divide(40, 1, no_limit);
  for (int i = 0; i < 15; ++i) shares.add(a);
  EXPECT_EQ(shares.free_used(), 0U);
  shares.divide(40, 4, no_limit);
  EXPECT_EQ(shares.guaranteed(), 5U);
  EXPECT_EQ(shares.free_used(), 10U);
  for (int i = 0; i < 15; ++i) shares.remove(a);
  EXPECT_EQ(shares.free_used(), 0U);
}

TEST(FlowShares, HaveRoomForAllWhereNothingIsDivided) {
  FlowShares shares;
  for (int i = 0; i < 1000; ++i) shares.add(a);
  EXPECT_TRUE(shares.has_room(a, a));
}

}  // namespace
}  // namespace vpcwall

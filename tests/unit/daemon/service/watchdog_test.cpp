#include "daemon/service/watchdog.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

using std::chrono::seconds;
using Stuck = std::vector<std::size_t>;

TEST(WatchdogTest, NamesTheWorkerThatEndsNoBurst) {
  TimePoint now{seconds(100)};
  Watchdog watchdog(now);
  EXPECT_EQ(watchdog.look({0, 7}, now), Stuck{});
  now += seconds(4);
  EXPECT_EQ(watchdog.look({0, 8}, now), Stuck{}) << "patience is not over";
  now += seconds(1);
  EXPECT_EQ(watchdog.look({0, 9}, now), Stuck{0});
  now += seconds(4);
  EXPECT_EQ(watchdog.look({1, 9}, now), Stuck{}) << "it goes on, and the other one has a second left";
  now += seconds(1);
  EXPECT_EQ(watchdog.look({2, 9}, now), Stuck{1});
}

TEST(WatchdogTest, LooksEverySecondWhereNobodyAsks) { EXPECT_EQ(Watchdog(TimePoint{}).period(), seconds(1)); }

}  // namespace
}  // namespace vpcwall

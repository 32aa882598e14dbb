#include "daemon/queue/kernel_queue_table.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

TEST(KernelQueueTableTest, ReadsALineOfTheKernel) {
  const auto row = parse_kernel_queue_row("    7  31620     12 2   192     3     4     1234  1");
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->number, 7U);
  EXPECT_EQ(row->port, 31'620U);
  EXPECT_EQ(row->waiting, 12U);
  EXPECT_EQ(row->kernel_dropped, 3U);
  EXPECT_EQ(row->user_dropped, 4U);
}

TEST(KernelQueueTableTest, ReadsALineWhoseColumnsAreWiderThanUsual) {
  const auto row =
      parse_kernel_queue_row("65535 4294967295 65535 2 65531 4294967295 4294967295 4294967295 1");
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->number, 65'535U);
  EXPECT_EQ(row->user_dropped, 4'294'967'295U);
}

TEST(KernelQueueTableTest, RefusesWhatIsNoLineOfTheTable) {
  for (const char* text : {"", "   ", "queue", "1 2 3", "1 2 3 4 5 6", "1 2 3 4 5 6 x", "-1 2 3 4 5 6 7"}) {
    EXPECT_FALSE(parse_kernel_queue_row(text).has_value()) << text;
  }
}

TEST(KernelQueueTableTest, ReadsAnAbsentTableAsEmpty) { EXPECT_FALSE(kernel_queue_row(FileDescriptor(), 0)); }

}  // namespace
}  // namespace vpcwall

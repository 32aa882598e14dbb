#include "daemon/metrics/process_figures.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <ctime>

#include "daemon/file_descriptor.h"

namespace vpcwall {
namespace {

TEST(ProcessFigures, AreThoseOfThisProcess) {
  const ProcessFigures before = process_figures();
  std::array<FileDescriptor, 5> more;
  for (FileDescriptor& one : more) one = FileDescriptor(::dup(STDERR_FILENO));
  const ProcessFigures after = process_figures();
  EXPECT_EQ(after.open_descriptors, before.open_descriptors + more.size());
  EXPECT_GE(after.cpu_seconds, before.cpu_seconds);
  EXPECT_EQ(after.start_seconds, before.start_seconds);

  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(after.most_descriptors, limit.rlim_cur);
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  EXPECT_GT(after.resident_bytes, 0U);
  EXPECT_EQ(after.resident_bytes % page, 0U);
  EXPECT_GT(after.virtual_bytes, after.resident_bytes);
  // The kernel's "btime" is whole seconds.
  EXPECT_LE(after.start_seconds, static_cast<double>(std::time(nullptr)) + 1);
  EXPECT_GT(after.start_seconds, static_cast<double>(std::time(nullptr)) - 3600);
}

}  // namespace
}  // namespace vpcwall

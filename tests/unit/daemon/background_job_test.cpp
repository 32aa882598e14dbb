#include "daemon/background_job.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <future>
#include <memory>
#include <semaphore>
#include <string>

namespace vpcwall {
namespace {

bool is_readable(int descriptor, int milliseconds) {
  pollfd event{descriptor, POLLIN, 0};
  return ::poll(&event, 1, milliseconds) > 0;
}

constexpr int long_enough = 60'000;  // milliseconds; a bound for what has to come

// What only moves will do, as for a policy that is being prepared.
using Work = BackgroundJob<std::unique_ptr<std::string>>;

std::unique_ptr<std::string> said(std::string what) { return std::make_unique<std::string>(std::move(what)); }

TEST(BackgroundJob, GivesTheResultOnceTheJobIsDone) {
  Work work;
  EXPECT_FALSE(work.is_busy());
  EXPECT_FALSE(work.take());
  std::binary_semaphore go(0);
  work.begin([&](const std::stop_token&) {
    go.acquire();
    return said("first");
  });
  EXPECT_TRUE(work.is_busy());
  EXPECT_FALSE(work.take());
  EXPECT_FALSE(is_readable(work.event_fd(), 0));
  go.release();
  ASSERT_TRUE(is_readable(work.event_fd(), long_enough));
  EXPECT_TRUE(work.is_busy()) << "until the result is taken";
  const auto made = work.take();
  ASSERT_TRUE(made);
  EXPECT_EQ(**made, "first");
  EXPECT_FALSE(work.is_busy());
  EXPECT_FALSE(is_readable(work.event_fd(), 0));
}

TEST(BackgroundJob, DoesOneJobAfterTheOther) {
  Work work;
  for (int i = 0; i < 100; ++i) {
    work.begin([i](const std::stop_token&) { return said(std::to_string(i)); });
    ASSERT_TRUE(is_readable(work.event_fd(), long_enough));
    EXPECT_EQ(**work.take(), std::to_string(i));
  }
}

TEST(BackgroundJob, TellsTheJobThatNobodyWantsItsResult) {
  std::promise<void> heard;
  {
    Work work;
    work.begin([&](const std::stop_token& stop) {
      std::promise<void> asked;
      const std::stop_callback callback(stop, [&] { asked.set_value(); });
      asked.get_future().wait();
      heard.set_value();
      return said("nobody hears this");
    });
  }
  EXPECT_EQ(heard.get_future().wait_for(std::chrono::seconds(0)), std::future_status::ready);
}

}  // namespace
}  // namespace vpcwall

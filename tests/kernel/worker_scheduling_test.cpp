#include "daemon/queue/worker_scheduling.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <barrier>
#include <thread>

namespace vpcwall::test {
namespace {

// A thread that is enlisted, and runs as long as this does. Raising a priority takes CAP_SYS_NICE.
class Enlisted {
 public:
  explicit Enlisted(WorkerScheduling& scheduling)
      : thread_([this, &scheduling] {
          const WorkerScheduling::Enlistment enlistment(scheduling);
          id_ = ::gettid();
          ready_.arrive_and_wait();
          ready_.arrive_and_wait();
        }) {
    ready_.arrive_and_wait();
  }
  ~Enlisted() { ready_.arrive_and_wait(); }
  Enlisted(const Enlisted&) = delete;
  Enlisted& operator=(const Enlisted&) = delete;

  [[nodiscard]] int policy() const { return ::sched_getscheduler(id_); }
  [[nodiscard]] int nice() const { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(id_)); }

 private:
  std::barrier<> ready_{2};
  pid_t id_ = 0;
  std::jthread thread_;  // last: it uses the others
};

TEST(WorkerSchedulingTest, PutsWorkersBehindAndLevelAgain) {
  WorkerScheduling scheduling;
  const Enlisted early(scheduling);
  EXPECT_EQ(early.policy(), SCHED_BATCH);
  EXPECT_EQ(early.nice(), 0);

  EXPECT_TRUE(scheduling.put_behind_established(true));
  const Enlisted late(scheduling);
  EXPECT_EQ(early.nice(), WorkerScheduling::behind);
  EXPECT_EQ(late.nice(), WorkerScheduling::behind);

  EXPECT_TRUE(scheduling.put_behind_established(false));
  EXPECT_EQ(early.nice(), 0);
  EXPECT_EQ(late.nice(), 0);
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), 0) << "this thread is none of them";
}

// Whoever has its number by then must not be touched.
TEST(WorkerSchedulingTest, ForgetsWorkersThatHaveEnded) {
  WorkerScheduling scheduling;
  { const Enlisted ended(scheduling); }
  EXPECT_TRUE(scheduling.put_behind_established(true));
  EXPECT_TRUE(scheduling.put_behind_established(false));
}

TEST(WorkerSchedulingTest, LeavesAloneWhatTheOperatorChose) {
  std::jthread([] {  // its own scheduling ends with it
    ASSERT_EQ(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 1), 0);
    WorkerScheduling scheduling;
    const Enlisted worker(scheduling);
    EXPECT_TRUE(scheduling.put_behind_established(true));
    EXPECT_EQ(worker.nice(), 1);
    EXPECT_EQ(worker.policy(), SCHED_BATCH);
  })
      .join();
  std::jthread([] {
    const sched_param none{};
    ASSERT_EQ(::sched_setscheduler(0, SCHED_IDLE, &none), 0);
    WorkerScheduling scheduling;
    const Enlisted worker(scheduling);
    EXPECT_TRUE(scheduling.put_behind_established(true));
    EXPECT_EQ(worker.policy(), SCHED_IDLE);
    EXPECT_EQ(worker.nice(), 0);
  }).join();
}

}  // namespace
}  // namespace vpcwall::test

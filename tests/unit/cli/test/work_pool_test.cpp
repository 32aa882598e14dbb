#include "cli/test/work_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace vpcwall {
namespace {

TEST(WorkPool, DoesEveryPieceOnceWhateverTheNumberOfThreads) {
  for (const std::size_t jobs : {1U, 2U, 7U, 100U}) {
    std::vector<std::atomic<int>> done(50);
    run_all(done.size(), jobs, [&](std::size_t i) { ++done[i]; });
    for (const auto& one : done) EXPECT_EQ(one, 1);
  }
  run_all(0, 4, [](std::size_t) { FAIL() << "there is nothing to do"; });
}

TEST(WorkPool, RunsSoManyAtATime) {
  std::atomic<int> running{0}, most{0};
  const auto work = [&](std::size_t) {
    const int now = ++running;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) continue;
    --running;
  };
  run_all(1000, 3, work);
  EXPECT_LE(most, 3);
  most = 0;
  run_all(1000, 1, work);
  EXPECT_EQ(most, 1);
}

// Two pieces that wait for each other end only when both are under way.
TEST(WorkPool, WorksOnSeveralPiecesAtTheSameTime) {
  std::atomic<int> arrived{0};
  run_all(2, 2, [&](std::size_t) {
    ++arrived;
    arrived.notify_all();
    for (int now = arrived; now < 2; now = arrived) arrived.wait(now);
  });
  EXPECT_EQ(arrived, 2);
}

TEST(WorkPool, ThrowsWhatFailedFirstAndBeginsNothingNew) {
  std::size_t begun = 0;
  const auto work = [&](std::size_t i) {
    ++begun;
    if (i == 3) throw std::runtime_error("three");
  };
  EXPECT_THROW(run_all(1000, 1, work), std::runtime_error);
  EXPECT_EQ(begun, 4U);
  EXPECT_THROW(run_all(1000, 4, [](std::size_t) { throw std::runtime_error("all"); }), std::runtime_error);
}

}  // namespace
}  // namespace vpcwall

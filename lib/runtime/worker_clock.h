// The time at which workers judge: that of the shell's clock or, for tests, one that stands still until
// somebody moves it, so that five days of idle time pass in no time and to the nanosecond.
//
//   WorkerClock clock(now);           // runs as now() does
//   WorkerClock stopped(now());       // stands still
//   stopped.advance(30s);             // a burst that begins afterwards is judged 30 seconds later
//
// It never goes back. now() and advanced() are for any thread, advance() for one; a BurstFence tells when
// every worker has seen the change.
#pragma once

#include <atomic>

#include "base/time.h"

namespace vpcwall {

class WorkerClock {
 public:
  using Source = TimePoint (*)() noexcept;

  explicit WorkerClock(Source source) noexcept : source_(source) {}
  explicit WorkerClock(TimePoint start) noexcept : start_(start) {}

  [[nodiscard]] TimePoint now() const noexcept {
    return source_ != nullptr ? source_() : start_ + advanced();
  }
  // Of a clock that stands still; `by` is not negative.
  void advance(Duration by) noexcept { advanced_.fetch_add(by.count(), std::memory_order_relaxed); }
  [[nodiscard]] Duration advanced() const noexcept {
    return Duration(advanced_.load(std::memory_order_relaxed));
  }

 private:
  Source source_ = nullptr;
  TimePoint start_;
  std::atomic<Duration::rep> advanced_{0};
};

}  // namespace vpcwall

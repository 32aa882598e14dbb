// A value and the mutex that guards it, in one type: the value cannot be reached without the lock.
//
//   Guarded<Shard> shard(…);
//   shard.with([&](Shard& s) { s.judge(…); });
//   std::size_t n = shard.read([](const Shard& s) { return s.flows().size(); });
//
// Nobody may hold two of the same kind at once: that is what keeps workers and readers free of deadlock.
#pragma once

#include <mutex>
#include <utility>

namespace vpcwall {

template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(std::in_place_t, Args&&... args) : value_(std::forward<Args>(args)...) {}

  template <class F>
  decltype(auto) with(F&& use) {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(use)(value_);
  }
  template <class F>
  decltype(auto) read(F&& use) const {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(use)(std::as_const(value_));
  }

  // For members that are safe without the lock, such as a shard's counters; the caller says why it may.
  [[nodiscard]] T& unguarded() noexcept { return value_; }
  [[nodiscard]] const T& unguarded() const noexcept { return value_; }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace vpcwall

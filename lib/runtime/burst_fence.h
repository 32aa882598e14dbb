// How the control thread makes sure that every worker has seen what it changed.
//
//   clock.advance(30s);                        // anything that a worker looks at once per burst
//   const auto number = fence.raise();
//   wake_workers();
//   bool everywhere = fence.wait(number, 5s);  // each has completed a burst that began behind the fence
//
// A worker passes a fence only when it has also taken over what the kernel's fast path had counted before.
//
// A worker pays one load per burst, and a lock only for a fence that it has not passed yet. raise() and
// wait() belong to the control thread, raised() and passed() to the workers.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/generation_barrier.h"

namespace vpcwall {

class BurstFence {
 public:
  explicit BurstFence(std::size_t workers) : passed_(workers) {}

  // A burst that begins from now on sees what this thread wrote before.
  [[nodiscard]] std::uint64_t raise() noexcept { return raised_.fetch_add(1, std::memory_order_release) + 1; }
  // True when every worker has passed `number`; false when `longest` went by before.
  [[nodiscard]] bool wait(std::uint64_t number, Duration longest) const {
    return passed_.wait(number, longest);
  }

  // What a worker asks as it begins a burst, before it looks at anything that may change...
  [[nodiscard]] std::uint64_t raised() const noexcept { return raised_.load(std::memory_order_acquire); }
  // ... and says at its end, if it was a new number.
  void passed(std::size_t worker, std::uint64_t number) { passed_.reached(worker, number); }

 private:
  std::atomic<std::uint64_t> raised_{0};
  GenerationBarrier passed_;
};

}  // namespace vpcwall

// Where workers say which policy generation they judge under, and a reload waits until all of them have
// moved.
//
// A BurstFence counts its fences with another one. A worker calls reached() once per policy change or fence,
// never per packet. Any thread may wait.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/time.h"

namespace vpcwall {

class GenerationBarrier {
 public:
  explicit GenerationBarrier(std::size_t workers) : generations_(workers, 0) {}

  void reached(std::size_t worker, std::uint64_t generation) {
    {
      const std::lock_guard lock(mutex_);
      generations_.at(worker) = generation;
    }
    moved_.notify_all();
  }

  // True when every worker judges under `generation` or a later one; false when `longest` went by before.
  [[nodiscard]] bool wait(std::uint64_t generation, Duration longest) const {
    std::unique_lock lock(mutex_);
    return moved_.wait_for(lock, longest, [&] {
      return std::all_of(generations_.begin(), generations_.end(),
                         [&](std::uint64_t reached) { return reached >= generation; });
    });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable moved_;
  std::vector<std::uint64_t> generations_;
};

}  // namespace vpcwall

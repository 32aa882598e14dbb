// One immutable object that one thread publishes and others read without slowing down.
//
//   Snapshot<CompiledPolicy> snapshot;        snapshot.publish(compiled);
//   Snapshot<CompiledPolicy>::Reader reader(snapshot);     // one per thread
//   const CompiledPolicy& policy = reader.current();       // stays valid until the next current()
//
// A reader that finds nothing new pays one atomic load. An old object goes when its last reader has moved on.
// (std::atomic<std::shared_ptr> would say the same in fewer words, but is not lock-free in g++ 12 and
// ThreadSanitizer reports a race inside it.)
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace vpcwall {

template <class T>
class Snapshot {
 public:
  void publish(std::shared_ptr<const T> next) {
    const std::lock_guard lock(mutex_);
    current_ = std::move(next);
    version_.fetch_add(1, std::memory_order_release);
  }

  [[nodiscard]] std::shared_ptr<const T> get() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }

  class Reader {
   public:
    explicit Reader(const Snapshot& snapshot) : snapshot_(snapshot) {}

    // Something must have been published.
    [[nodiscard]] const T& current() {
      if (snapshot_.version_.load(std::memory_order_acquire) != version_) refresh();
      return *mine_;
    }
    // What current() returned last, for those who keep it longer.
    [[nodiscard]] const std::shared_ptr<const T>& held() const noexcept { return mine_; }

   private:
    void refresh() {
      const std::lock_guard lock(snapshot_.mutex_);
      version_ = snapshot_.version_.load(std::memory_order_relaxed);
      mine_ = snapshot_.current_;
    }

    const Snapshot& snapshot_;
    std::uint64_t version_ = 0;
    std::shared_ptr<const T> mine_;
  };

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> current_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace vpcwall

// When the kernel has stopped looking at what a worker took out of a cache.
//
//   const std::uint64_t ticket = periods.request();   // worker, after the record says that it is retired
//   ...
//   if (periods.passed(ticket)) places.free(place);   // worker, some bursts later
//
// The kernel program that looks at a record does so for nanoseconds, but nobody can see whether one is at it.
// So somebody else waits, again and again, until every program that was running has ended (in the kernel's
// words: an RCU grace period), and says so with begin() and end(). A ticket has passed when such a wait began
// after it was handed out and is over. request() and passed() are for any thread, the others for the one that
// waits.
#pragma once

#include <atomic>
#include <cstdint>

namespace vpcwall {

class GracePeriods {
 public:
  [[nodiscard]] std::uint64_t request() noexcept {
    const std::uint64_t ticket = begun_.load(std::memory_order_seq_cst) + 1;
    std::uint64_t wanted = wanted_.load(std::memory_order_relaxed);
    while (wanted < ticket && !wanted_.compare_exchange_weak(wanted, ticket)) {
    }
    if (wanted < ticket) wanted_.notify_one();
    return ticket;
  }
  [[nodiscard]] bool passed(std::uint64_t ticket) const noexcept {
    return ended_.load(std::memory_order_acquire) >= ticket;
  }

  // Sleeps until a period is asked for, or stop().
  void await_request() const noexcept {
    const std::uint64_t ended = ended_.load(std::memory_order_relaxed);
    for (std::uint64_t wanted = wanted_.load(); wanted <= ended && !stopped_.load(); wanted = wanted_.load())
      wanted_.wait(wanted);
  }
  void begin() noexcept { begun_.fetch_add(1, std::memory_order_seq_cst); }
  void end() noexcept { ended_.store(begun_.load(), std::memory_order_release); }

  void stop() noexcept {
    stopped_.store(true);
    wanted_.store(~std::uint64_t{0});
    wanted_.notify_all();
  }
  [[nodiscard]] bool stopped() const noexcept { return stopped_.load(); }

 private:
  std::atomic<std::uint64_t> wanted_{0}, begun_{0}, ended_{0};
  std::atomic<bool> stopped_{false};
};

}  // namespace vpcwall

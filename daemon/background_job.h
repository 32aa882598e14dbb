// Does what takes long for the control thread, one job at a time, each on a thread of its own.
//
//   BackgroundJob<Answer> work;
//   work.begin(job);                   // returns at once
//   poll work.event_fd()               // readable once the job is done
//   if (auto answer = work.take()) …   // on the control thread again
//
// A job hears from its stop token that nobody wants its result any more; whoever destroys this waits until it
// has ended. What a job looks at must not change meanwhile. Control thread only; the job alone runs
// elsewhere.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "daemon/event_descriptor.h"

namespace vpcwall {

template <class Result>
class BackgroundJob {
 public:
  // Must not throw.
  using Job = std::function<Result(const std::stop_token&)>;

  // Not while it is busy. Throws std::system_error when there can be no thread; then nothing has begun.
  void begin(Job job) {
    done_.store(false, std::memory_order_relaxed);
    thread_ = std::jthread([this, job = std::move(job)](const std::stop_token& stop) {
      result_ = job(stop);
      done_.store(true, std::memory_order_release);
      event_.raise();
    });
  }
  // From begin() until take() has given the result.
  [[nodiscard]] bool is_busy() const noexcept { return thread_.joinable(); }
  [[nodiscard]] std::optional<Result> take() {
    if (!thread_.joinable() || !done_.load(std::memory_order_acquire)) return std::nullopt;
    thread_.join();
    thread_ = {};
    event_.clear();
    return std::exchange(result_, std::nullopt);
  }
  // The job may end early. Its result is still to be taken.
  void stop() noexcept { thread_.request_stop(); }

  [[nodiscard]] int event_fd() const noexcept { return event_.get(); }

 private:
  EventDescriptor event_;
  std::optional<Result> result_;  // the thread's until it has ended
  std::atomic<bool> done_{false};
  std::jthread thread_;  // last: it is asked to stop and waited for before anything else goes
};

}  // namespace vpcwall

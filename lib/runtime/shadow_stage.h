// Where the shadow of a candidate policy stands while one is tried; at most one at a time.
//
//   stage.enter(shadow);                                             // control thread
//   const auto shadow = stage.any() ? stage.current() : nullptr;     // a worker, once per burst
//   stage.leave();                                                   // control thread
//
// While nothing is tried this costs a worker one relaxed load per burst. A worker keeps the shadow alive for
// the burst in which it found it, so that leave() never has to wait for one.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "runtime/guarded.h"
#include "runtime/shadow.h"

namespace vpcwall {

class ShadowStage {
 public:
  void enter(std::shared_ptr<Shadow> shadow) {
    current_.with([&shadow](std::shared_ptr<Shadow>& current) { current = std::move(shadow); });
    any_.store(true, std::memory_order_relaxed);
  }
  void leave() {
    any_.store(false, std::memory_order_relaxed);
    std::shared_ptr<Shadow> gone;  // destroyed without the lock
    current_.with([&gone](std::shared_ptr<Shadow>& current) { std::swap(gone, current); });
  }

  [[nodiscard]] bool any() const noexcept { return any_.load(std::memory_order_relaxed); }
  // Null when it has just left.
  [[nodiscard]] std::shared_ptr<Shadow> current() const {
    return current_.read([](const std::shared_ptr<Shadow>& current) { return current; });
  }

 private:
  std::atomic<bool> any_{false};
  Guarded<std::shared_ptr<Shadow>> current_{std::in_place};
};

}  // namespace vpcwall

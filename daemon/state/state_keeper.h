// Keeps a copy of flows and counters on disk, so that a process that is killed leaves something to the next
// one.
//
//   StateKeeper keeper(path, every);
//   keeper.keep_if_due(firewall, now());       // copies here, writes on a thread of its own
//   keeper.keep_last(firewall);                // after the workers have ended
//
// What cannot be written is logged, once for each reason. Control thread only.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "daemon/firewall.h"

namespace vpcwall {

class StateKeeper {
 public:
  StateKeeper(std::string path, Duration every, TimePoint now)
      : path_(std::move(path)), every_(every), due_(now + every) {}

  void keep_if_due(Firewall& firewall, TimePoint now);
  void keep_last(Firewall& firewall);

 private:
  void write(const SavedState& state) noexcept;

  std::string path_;
  Duration every_;
  TimePoint due_;
  std::string last_problem_;  // the writer's
  std::atomic<bool> busy_{false};
  std::jthread writer_;
};

}  // namespace vpcwall

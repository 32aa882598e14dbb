// Keeps a copy of flows and counters on disk, so that a process that is killed leaves something to the next
// one. What happens after it was made is for the journal (crash_journal.h) to know.
//
//   StateKeeper keeper(path, journal, every, now());
//   keeper.keep_if_due(firewall, now());       // copies here, writes on a thread of its own
//   keeper.keep_last(firewall);                // after the workers have ended
//
// What cannot be written is logged, once for each reason. Control thread only.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <utility>

#include "daemon/firewall.h"
#include "daemon/state/crash_journal.h"

namespace vpcwall {

class StateKeeper {
 public:
  StateKeeper(std::string path, CrashJournal& journal, Duration every, TimePoint now)
      : path_(std::move(path)), journal_(journal), every_(every), due_(now + every) {}

  void keep_if_due(Firewall& firewall, TimePoint now);
  void keep_last(Firewall& firewall);

 private:
  [[nodiscard]] std::pair<SavedState, CopyMark> copy(Firewall& firewall);
  // Whether it is on the disk.
  bool write(const SavedState& state, const CopyMark& mark) noexcept;

  std::string path_;
  CrashJournal& journal_;
  Duration every_;
  TimePoint due_;
  std::string last_problem_;  // the writer's
  std::atomic<bool> busy_{false};
  std::jthread writer_;
};

}  // namespace vpcwall

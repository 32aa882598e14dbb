#include "daemon/service/watchdog.h"

#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <algorithm>

#include "daemon/service/service_manager.h"

namespace vpcwall {

Watchdog::Watchdog(TimePoint now) : started_(now) {
  std::uint64_t microseconds = 0;
  fed_ = ::sd_watchdog_enabled(0, &microseconds) > 0;
  if (fed_) period_ = std::min(period_, Duration(std::chrono::microseconds(microseconds)) / 4);
}

std::vector<std::size_t> Watchdog::look(const std::vector<std::uint64_t>& progress, TimePoint now) {
  seen_.resize(progress.size(), {0, started_, false});
  std::vector<std::size_t> stuck;
  for (std::size_t i = 0; i < progress.size(); ++i) {
    Seen& seen = seen_[i];
    if (progress[i] != seen.progress) {
      if (seen.stuck)
        spdlog::warn("worker {} goes on, after {:.1f} s", i,
                     std::chrono::duration<double>(now - seen.moved).count());
      seen = {progress[i], now, false};
      continue;
    }
    if (now - seen.moved < patience) continue;
    if (!seen.stuck)
      spdlog::critical("worker {} is stuck: it has ended no burst for {} s", i,
                       patience / std::chrono::seconds(1));
    seen.stuck = true;
    stuck.push_back(i);
  }
  if (fed_ && stuck.empty()) notify_service_manager("WATCHDOG=1");
  return stuck;
}

}  // namespace vpcwall

// Tells a worker that is stuck from one that has nothing to do, and tells the service manager.
//
//   Watchdog watchdog(now());
//   watchdog.look(firewall.progress(), now());     // as often as period() says
//
// A worker ends a burst twice a second at least, also when no packet comes; one that ended none for patience
// is stuck. As long as one is, the service manager's watchdog is not fed: it will end the process and start
// another. Without a manager the log says so. Control thread only.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"

namespace vpcwall {

class Watchdog {
 public:
  static constexpr Duration patience = std::chrono::seconds(5);

  explicit Watchdog(TimePoint now);

  // How often to look.
  [[nodiscard]] Duration period() const noexcept { return period_; }
  // The numbers of the workers that are stuck.
  std::vector<std::size_t> look(const std::vector<std::uint64_t>& progress, TimePoint now);

 private:
  struct Seen {
    std::uint64_t progress = 0;
    TimePoint moved;
    bool stuck = false;
  };

  bool fed_ = false;  // the manager wants to be told
  Duration period_ = std::chrono::seconds(1);
  TimePoint started_;
  std::vector<Seen> seen_;
};

}  // namespace vpcwall

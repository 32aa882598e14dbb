// Keeps what the firewall rests on: hears from the kernel that devices come, go and are renamed, and has the
// firewall bind devices again. The hook rules keep themselves (hooks/hook_keeper.h).
//
//   Upkeep upkeep(firewall, now());
//   poll device_events(), until due()
//   upkeep.handle_events(now());
//
// Each change is said in the log. What fails is tried again. A kernel that does not let us listen is said
// once, and nothing is kept up. Control thread only.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "daemon/file_descriptor.h"

namespace vpcwall {

class Firewall;

class Upkeep {
 public:
  static constexpr Duration again = std::chrono::seconds(1);  // after a failure

  Upkeep(Firewall& firewall, TimePoint now);

  // Readable when handle_events() has something to do; -1: nobody tells.
  [[nodiscard]] int device_events() const noexcept { return devices_.get(); }
  // When it has something to do by itself.
  [[nodiscard]] std::optional<TimePoint> due() const noexcept { return rebind_at_; }
  void handle_events(TimePoint now);

 private:
  void rebind(TimePoint now);

  Firewall& firewall_;
  FileDescriptor devices_;
  std::optional<TimePoint> rebind_at_;
  std::string last_problem_;
};

}  // namespace vpcwall

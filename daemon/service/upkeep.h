// Keeps what the firewall rests on: hears from the kernel that devices come and go and that somebody changed
// packet filter rules, and has the firewall bind devices again or install its rules again.
//
//   Upkeep upkeep(firewall, now());
//   poll device_events(), rule_events(), until due()
//   upkeep.handle_events(now());
//
// Each is said in the log. Rules are looked at a few times a second at most, however often they change; where
// the kernel does not tell of changes (iptables-legacy), every few seconds. What fails is tried again. A
// kernel that does not let us listen is said once, and nothing is kept up. Control thread only.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "daemon/file_descriptor.h"

namespace vpcwall {

class Firewall;

class Upkeep {
 public:
  static constexpr Duration pause = std::chrono::milliseconds(200);  // between two looks at the rules
  static constexpr Duration untold = std::chrono::seconds(5);        // the same, where nobody tells
  static constexpr Duration again = std::chrono::seconds(1);         // after a failure

  Upkeep(Firewall& firewall, TimePoint now);

  // Readable when handle_events() has something to do; -1: nobody tells.
  [[nodiscard]] int device_events() const noexcept { return devices_.get(); }
  [[nodiscard]] int rule_events() const noexcept { return rules_.get(); }
  // When it has something to do by itself.
  [[nodiscard]] std::optional<TimePoint> due() const;
  void handle_events(TimePoint now);

 private:
  void rebind(TimePoint now);
  void mend(TimePoint now);
  void say(const std::string& problem);

  Firewall& firewall_;
  FileDescriptor devices_, rules_;
  std::optional<TimePoint> rebind_at_, mend_at_;
  TimePoint looked_{};
  std::string last_problem_;
};

}  // namespace vpcwall

// What the daemon's settings say about where packets come from (D-1 to D-6, E-16): all that lint knows of
// daemon.yaml. A value; any thread.
#pragma once

#include <string_view>

#include "policy/reporter.h"

namespace vpcwall {

struct DaemonPlaces {
  bool host = false;  // the mode; otherwise a router
  bool devices = false;
  bool uplinks = false;
  bool services = false;  // each: names a device at all
};

// From the text of daemon.yaml. Reports a text that is no YAML mapping; the other mistakes of settings are
// the daemon's to report.
[[nodiscard]] DaemonPlaces read_daemon_places(std::string_view text, Reporter& reporter);

}  // namespace vpcwall

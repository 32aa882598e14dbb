// The daemon's life between start and stop: signals, the control socket, a failing worker, and what the
// service manager is told about all of it.
//
// Signals arrive through a descriptor, never in a handler. block_signals() must be called before the first
// thread is started, so that every thread inherits the mask.
#pragma once

#include "daemon/change/policy_changes.h"
#include "daemon/control/control_server.h"
#include "daemon/control/explanations.h"
#include "daemon/firewall.h"
#include "daemon/metrics/http_server.h"
#include "daemon/state/state_keeper.h"

namespace vpcwall {

void block_signals();

struct Served {
  int status = 0;  // of the process
  Ending ending = Ending::for_good;
};

struct ServedParts {
  Firewall& firewall;
  PolicyChanges& changes;
  Explanations& explanations;
  ControlServer& control;
  HttpServer* http;     // may be null
  StateKeeper* keeper;  // may be null
};

// Serves until SIGTERM or SIGINT (for good), SIGUSR2 (for a successor), or until a worker fails (logs why;
// for a successor, so that the fail mode holds).
[[nodiscard]] Served serve(const ServedParts& parts);

}  // namespace vpcwall

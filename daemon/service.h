// The daemon's life between start and stop: signals, the control socket, a failing worker, and what the
// service manager is told about all of it.
//
// Signals arrive through a descriptor, never in a handler. block_signals() must be called before the first
// thread is started, so that every thread inherits the mask.
#pragma once

#include <string_view>

#include "daemon/change/policy_changes.h"
#include "daemon/control_server.h"
#include "daemon/firewall.h"

namespace vpcwall {

void block_signals();

// Serves until SIGTERM or SIGINT (returns 0) or until a worker fails (logs why, returns 1).
[[nodiscard]] int serve(Firewall& firewall, PolicyChanges& changes, ControlServer& control);

// READY=1, STATUS=…, as systemd defines them; nothing happens where no service manager listens.
void notify_service_manager(std::string_view state);

}  // namespace vpcwall

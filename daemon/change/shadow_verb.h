// What the verb `shadow` of the control socket does: tries a policy beside the one in force, for as long as
// the connection lasts. Control thread only.
#pragma once

#include "daemon/change/policy_changes.h"
#include "daemon/control/control_server.h"

namespace vpcwall {

// All three outlive the answer.
[[nodiscard]] ControlAnswer answer_shadow(Firewall& firewall, PolicyChanges& changes, const Request& request,
                                          const ControlPeer& peer);

}  // namespace vpcwall

// What the verbs of the control socket do that change the policy, or tell how it changed: reload, apply,
// confirm, rollback, history, policy. Control thread only.
#pragma once

#include "daemon/change/policy_changes.h"
#include "daemon/control/control_server.h"

namespace vpcwall {

[[nodiscard]] bool is_change_verb(std::string_view verb) noexcept;
// `request.verb` is one of them.
[[nodiscard]] ControlAnswer answer_change(PolicyChanges& changes, const Request& request,
                                          const ControlPeer& peer);

// The policy that came beside `request`, and what diagnostics call it; the error is a sentence.
[[nodiscard]] Expected<PolicyText, std::string> attached_policy(const Request& request,
                                                                const ControlPeer& peer);

// For `status`: the change whose policy is being prepared; null when none is.
[[nodiscard]] nlohmann::ordered_json preparation_status(const PolicyChanges& changes);
// For `status`: digest, source, what waits to be confirmed, the last number of the history.
[[nodiscard]] nlohmann::ordered_json policy_status(const PolicyChanges& changes);

}  // namespace vpcwall

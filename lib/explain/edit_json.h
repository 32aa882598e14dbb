// Edits in the words of the policy file, for programs and for people.
//
//   {"edit": "add-entry", "network_acl": "public", "direction": "egress", "entry": {"rule": 110, …}}
//   add to network ACL public, egress: {rule: 110, action: allow, protocol: tcp, ports: 1024-65535, cidr: …}
//
// Only the edits that a fix is made of: entries, rules. Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "policy/edit.h"

namespace vpcwall {

// `policy` is one that the edit applies to: it has the names.
[[nodiscard]] nlohmann::ordered_json to_json(const Edit& edit, const Policy& policy);
// Of what to_json() made.
[[nodiscard]] std::string edit_text(const nlohmann::ordered_json& edit);

}  // namespace vpcwall

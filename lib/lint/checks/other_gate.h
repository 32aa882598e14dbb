// What one gate allows in vain, because the other gate of every place never lets it through (O-1 to O-3).
#pragma once

#include "lint/inspection.h"

namespace vpcwall {

// Rules of a group whose packets the network ACL of every interface that carries it denies.
[[nodiscard]] bool find_unreachable_rules(const SecurityGroup& group, Inspection& inspection);
// Entries that allow what no interface behind the ACL lets in or out, neither as a request nor as a reply.
[[nodiscard]] bool find_unreachable_entries(const NetworkAcl& acl, Inspection& inspection);

}  // namespace vpcwall

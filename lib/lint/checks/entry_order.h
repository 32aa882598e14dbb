// Entries of a network ACL that come too late, and numbers that leave no room (N-4, N-5, N-9).
//
// Each list is cut into cells, and evaluate() says which entry decides about each of them: an entry that
// decides about none is shadowed; one without which every cell would get the same verdict is redundant.
#pragma once

#include "lint/inspection.h"

namespace vpcwall {

[[nodiscard]] bool find_shadowed_entries(const NetworkAcl& acl, Inspection& inspection);
[[nodiscard]] bool find_redundant_entries(const NetworkAcl& acl, Inspection& inspection);
[[nodiscard]] bool find_numbers_without_gap(const NetworkAcl& acl, Inspection& inspection);

}  // namespace vpcwall

// Groups, lists and network ACLs that nothing uses, and peers that are nobody.
#pragma once

#include "lint/inspection.h"

namespace vpcwall {

[[nodiscard]] bool find_unused_group(const SecurityGroup& group, Inspection& inspection);
[[nodiscard]] bool find_unattached_group(const SecurityGroup& group, Inspection& inspection);
[[nodiscard]] bool find_unused_list(const PrefixList& list, Inspection& inspection);
[[nodiscard]] bool find_unused_acl(const NetworkAcl& acl, Inspection& inspection);
[[nodiscard]] bool find_stale_references(const SecurityGroup& group, Inspection& inspection);  // S-79, S-80
[[nodiscard]] bool find_empty_peers(const SecurityGroup& group, Inspection& inspection);       // S-55

}  // namespace vpcwall

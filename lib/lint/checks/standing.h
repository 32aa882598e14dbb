// What several catalogues ask alike: the default group, authorised ports, forwarding interfaces.
#pragma once

#include "lint/inspection.h"

namespace vpcwall {

[[nodiscard]] bool find_open_default_group(const SecurityGroup& group, Inspection& inspection);
[[nodiscard]] bool find_unauthorized_ports(const SecurityGroup& group, Inspection& inspection);
[[nodiscard]] bool find_forwarding_interface(const Interface& interface, Inspection& inspection);

// The default ACL of a file that does not write it, if no subnet uses it either: it stands for nothing.
[[nodiscard]] bool is_unwritten_and_unused(const NetworkAcl& acl, const Inspection& inspection);

}  // namespace vpcwall

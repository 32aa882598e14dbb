// A network ACL: numbered entries, the lowest that matches decides, nothing is remembered (N-3, N-5).
#pragma once

#include <string>

#include "policy/policy.h"
#include "twin/datagram.h"

namespace vpcwall::twin {

struct AclAnswer {
  bool allow = false;
  std::string rule = "*";  // the number of the entry that decided; "*": none did (N-7)
};

[[nodiscard]] AclAnswer ask_network_acl(const Policy& policy, const Subnet& subnet, Direction direction,
                                        const Datagram& datagram);

}  // namespace vpcwall::twin

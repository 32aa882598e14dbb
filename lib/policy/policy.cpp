#include "policy/policy.h"

namespace vpcwall {

std::string_view to_string(UnlistedAddresses choice) noexcept {
  switch (choice) {
    case UnlistedAddresses::acl: return "acl";
    case UnlistedAddresses::drop: return "drop";
    case UnlistedAddresses::pass: return "pass";
  }
  return "?";  // GCOVR_EXCL_LINE: every value has its case
}

}  // namespace vpcwall

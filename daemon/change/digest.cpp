#include "daemon/change/digest.h"

#include "audit/sha256.h"

namespace vpcwall {

std::string digest_of(std::string_view text) { return sha256_of(text); }

}  // namespace vpcwall

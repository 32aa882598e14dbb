// Which IPv4 ranges belong to somebody on the internet: all but those that are set aside (RFC 6890).
#pragma once

#include "net/address.h"

namespace vpcwall {

// False for a range that lies wholly in one that is set aside; a wider one holds strangers' addresses as
// well.
[[nodiscard]] bool is_public(const Prefix& range);

}  // namespace vpcwall

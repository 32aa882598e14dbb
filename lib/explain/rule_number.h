// A free number for an entry of a network ACL (N-6, N-9): one number serves one entry of its direction,
// whatever the family. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "policy/policy.h"

namespace vpcwall {

// Below `before`, and as near to it as roundness allows, so that nothing else is overtaken; 0: behind all
// others, if there is room. Nothing when every such number is taken.
[[nodiscard]] std::optional<std::uint16_t> free_rule_number(const std::vector<NetworkAclEntry>& entries,
                                                            std::uint16_t before);

}  // namespace vpcwall

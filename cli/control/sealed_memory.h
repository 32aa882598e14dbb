// A text as an open file that nobody can change any more: what the daemon accepts a policy in.
#pragma once

#include <string_view>

#include "cli/owned_descriptor.h"

namespace vpcwall {

// Throws std::system_error when the kernel refuses.
[[nodiscard]] OwnedDescriptor sealed_memory(std::string_view text);

}  // namespace vpcwall

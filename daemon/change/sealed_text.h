// A text that came over the control socket as an open file: sealed memory of a fixed size, so that reading it
// can neither wait nor change under the reader.
#pragma once

#include <cstddef>
#include <string>

#include "base/expected.h"

namespace vpcwall {

// The error is a sentence for the sender. `descriptor` may be -1: nothing came.
[[nodiscard]] Expected<std::string, std::string> read_sealed_text(int descriptor, std::size_t most_bytes);

}  // namespace vpcwall

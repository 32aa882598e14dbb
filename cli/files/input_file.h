// A file that the user named, as text. "-" is standard input. Bounded; a file that cannot be read is a
// diagnostic like any other mistake.
#pragma once

#include <string>

#include "base/expected.h"
#include "policy/diagnostic.h"

namespace vpcwall {

[[nodiscard]] Expected<std::string, Diagnostic> read_input_file(const std::string& path);

}  // namespace vpcwall

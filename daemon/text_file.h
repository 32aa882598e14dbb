// Reads a file that the operator wrote, whole and bounded.
#pragma once

#include <cstddef>
#include <string>

#include "base/expected.h"

namespace vpcwall {

struct FileProblem {
  std::string message;  // one line: which file, what is wrong, what to do
};

// Regular files only (a FIFO would make the daemon wait), at most `most_bytes`.
[[nodiscard]] Expected<std::string, FileProblem> read_text_file(const std::string& path,
                                                                std::size_t most_bytes);

}  // namespace vpcwall

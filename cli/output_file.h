// Writing a file whole or not at all: who reads it meanwhile sees the old one or the new one, never half of
// one.
#pragma once

#include <string>

namespace vpcwall {

// Beside the file, synced, then renamed into its place; a symbolic link is followed. Throws std::system_error
// with the path when that fails, and leaves what was there.
void write_output_file(const std::string& path, const std::string& text);

}  // namespace vpcwall

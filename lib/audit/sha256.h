// The name of a text that no other text has: "sha256:" and 64 hexadecimal digits. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace vpcwall {

// Throws std::runtime_error where the library has no SHA-256.
[[nodiscard]] std::string sha256_of(std::string_view text);

}  // namespace vpcwall

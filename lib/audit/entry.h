// What one entry of the audit log may hold, however much was asked for. Any thread.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>

namespace vpcwall {

inline constexpr std::size_t max_entry_bytes = std::size_t{16} << 10U;  // of a line, the line end included

// `content`, an object of a dozen keys, with long texts cut and long lists ended by a sentence that counts
// the rest, so that its line is not longer than max_entry_bytes. What is short stays as it is.
[[nodiscard]] nlohmann::ordered_json capped(const nlohmann::ordered_json& content);

}  // namespace vpcwall

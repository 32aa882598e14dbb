// Rows of words as lines whose columns stand under each other. Widths are counted in characters of UTF-8.
#pragma once

#include <string>
#include <vector>

namespace vpcwall {

using TableRow = std::vector<std::string>;

// Two spaces between columns, none at the end of a line.
[[nodiscard]] std::string aligned(const std::vector<TableRow>& rows, const std::string& indent = {});

// Each line in the colour that stands at its place: an escape sequence, or nothing.
[[nodiscard]] std::string painted(const std::string& lines, const std::vector<std::string>& colours);

}  // namespace vpcwall

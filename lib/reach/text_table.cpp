#include "reach/text_table.h"

#include <algorithm>

namespace vpcwall {
namespace {

std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xc0) != 0x80; }));
}

}  // namespace

std::string aligned(const std::vector<TableRow>& rows, const std::string& indent) {
  std::vector<std::size_t> widths;
  for (const TableRow& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (const TableRow& row : rows) {
    std::string line = indent;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] - width(row[i]) + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string painted(const std::string& lines, const std::vector<std::string>& colours) {
  std::string text;
  std::size_t start = 0;
  for (std::size_t i = 0; start < lines.size(); ++i) {
    const std::size_t end = std::min(lines.find('\n', start), lines.size());
    const std::string colour = i < colours.size() ? colours[i] : std::string{};
    text += colour + lines.substr(start, end - start) + (colour.empty() ? "" : "\033[0m") + '\n';
    start = end + 1;
  }
  return text;
}

}  // namespace vpcwall

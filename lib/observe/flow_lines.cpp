#include "observe/flow_lines.h"

#include <algorithm>
#include <bit>

namespace vpcwall {

FlowLines::FlowLines(std::size_t flows) : lines_(flows == 0 ? 0 : std::bit_ceil(std::max(flows, ways))) {}

FlowLine& FlowLines::place_of(const ObservedFlow& flow) noexcept {
  const std::size_t set = (hash_of(flow) & (lines_.size() / ways - 1)) * ways;
  FlowLine* longest_ago = &lines_[set];
  for (FlowLine& line : std::span(lines_).subspan(set, ways)) {
    if (line.seen > 0 && line.flow == flow) return line;
    if (line.seen < longest_ago->seen) longest_ago = &line;
  }
  return *longest_ago;
}

std::span<FlowLine> FlowLines::piece(std::size_t first, std::size_t count) noexcept {
  first = std::min(first, lines_.size());
  return std::span(lines_).subspan(first, std::min(count, lines_.size() - first));
}

}  // namespace vpcwall

#include "explain/rule_number.h"

#include <set>

#include "policy/validate.h"

namespace vpcwall {
namespace {

// The roundest number strictly between two others; the middle one of several.
std::uint16_t roundest(unsigned above, unsigned below) {
  for (const unsigned step : {100U, 10U, 5U, 2U}) {
    const unsigned first = (above / step + 1) * step;
    if (first >= below) continue;
    const unsigned count = (below - 1 - first) / step + 1;
    return static_cast<std::uint16_t>(first + (count - 1) / 2 * step);
  }
  return static_cast<std::uint16_t>(above + 1);
}

}  // namespace

std::optional<std::uint16_t> free_rule_number(const std::vector<NetworkAclEntry>& entries,
                                              std::uint16_t before) {
  std::set<unsigned> taken;
  for (const NetworkAclEntry& entry : entries) taken.insert(entry.number);
  if (before == 0) {
    if (taken.empty()) return std::uint16_t{100};  // where people begin; by tens is how they go on
    for (const unsigned step : {10U, 1U})
      if (const unsigned next = (*taken.rbegin() / step + 1) * step; next <= max_rule_number)
        return static_cast<std::uint16_t>(next);
    before = max_rule_number + 1;
  }
  for (unsigned below = before; below > 1;) {
    const auto next = taken.lower_bound(below);
    const unsigned above = next == taken.begin() ? 0 : *std::prev(next);
    if (below - above > 1) return roundest(above, below);
    below = above;
  }
  return std::nullopt;
}

}  // namespace vpcwall

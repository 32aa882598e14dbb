#include "policy/nearest_word.h"

#include <algorithm>
#include <array>

namespace vpcwall {
namespace {

constexpr std::size_t longest_word = 64;

char lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  const std::size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (a.size() > longest_word || b.size() > longest_word || difference > limit) return limit + 1;
  using Row = std::array<std::size_t, longest_word + 1>;
  Row before{}, above{}, row{};  // the rows of the dynamic programme; `before` is needed for swaps
  for (std::size_t j = 0; j <= b.size(); ++j) above.at(j) = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row.front() = i;
    std::size_t smallest = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      std::size_t cost = std::min({above.at(j) + 1, row.at(j - 1) + 1, above.at(j - 1) + (same ? 0 : 1)});
      const bool swapped =
          i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) cost = std::min(cost, before.at(j - 2) + 1);
      row.at(j) = cost;
      smallest = std::min(smallest, cost);
    }
    if (smallest > limit + 1) return limit + 1;
    before = above;
    above = row;
  }
  return std::min(above.at(b.size()), limit + 1);
}

NearestWord::NearestWord(std::string_view wanted)
    : wanted_(wanted),
      distance_(wanted.size() < 3 ? 1 : std::min<std::size_t>(3, (wanted.size() + 1) / 3) + 1) {}

void NearestWord::offer(std::string_view candidate) {
  if (distance_ == 0) return;
  std::size_t distance = edit_distance(wanted_, candidate, distance_ - 1);
  const bool left_off = wanted_.size() >= 3 && candidate.starts_with(wanted_);
  if (left_off) distance = std::min<std::size_t>(distance, 1);
  if (distance >= distance_) return;
  distance_ = distance;
  best_ = std::string(candidate);
}

}  // namespace vpcwall

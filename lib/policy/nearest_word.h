// The valid word that the operator most likely meant, for the hint of a diagnostic.
//
// Distance is the number of insertions, deletions, replacements and swaps of neighbours, without regard to
// case. A word is near when at most a third of it (and never more than three letters) has to change, or when
// it was left off after three letters or more: "desc" for "description".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vpcwall {

// The distance, or `limit` + 1 when it is larger than `limit`. Words above 64 bytes are far from everything.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

// Offer every candidate, then ask; the first of the nearest wins.
class NearestWord {
 public:
  explicit NearestWord(std::string_view wanted);
  void offer(std::string_view candidate);
  [[nodiscard]] const std::optional<std::string>& best() const noexcept { return best_; }

 private:
  std::string_view wanted_;
  std::size_t distance_;  // only candidates nearer than this are taken
  std::optional<std::string> best_;
};

}  // namespace vpcwall

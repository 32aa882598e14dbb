// Collects what is wrong with one text, bounded, and hands it out in the order of the file.
//
// Not thread-safe; one Reporter per load. Beyond `max_diagnostics` further findings are counted and summed
// up in one last error, so a hostile file cannot make the list of its mistakes larger than itself.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/diagnostic.h"

namespace vpcwall {

class Reporter {
 public:
  static constexpr std::size_t max_diagnostics = 1000;

  explicit Reporter(std::string file_name) : file_name_(std::move(file_name)) {}

  void error(SourcePosition at, std::string message, std::string hint = {}, std::string_view aws_code = {});
  void warning(SourcePosition at, std::string message, std::string hint = {}, std::string_view aws_code = {});
  void add(Diagnostic diagnostic);

  // `did you mean "web"?`, or nothing when no candidate is near. The work of one load is bounded: after
  // a few million letters compared, there are no more hints.
  [[nodiscard]] bool can_compare(std::size_t candidates) const noexcept {
    return candidates <= comparisons_left_ && found_.size() < max_diagnostics;
  }
  [[nodiscard]] std::string did_you_mean(std::string_view wanted,
                                         std::span<const std::string_view> candidates);

  [[nodiscard]] bool has_error() const noexcept { return errors_ != 0; }
  // Sorted by position; what was reported twice about the same place (through an alias) stands there once.
  [[nodiscard]] std::vector<Diagnostic> take();

 private:
  std::string file_name_;
  std::vector<Diagnostic> found_;
  std::size_t errors_ = 0;
  std::size_t not_listed_ = 0;
  std::size_t comparisons_left_ = 200'000;
};

// A piece of operator text as it may be shown: in double quotes, control bytes escaped, cut when long.
[[nodiscard]] std::string quoted(std::string_view text);
// The hint to what stands there a second time: "the first stands in line 7"; nothing when no line holds it.
[[nodiscard]] std::string where_the_first_stands(SourcePosition first);
// "a, b or c"
[[nodiscard]] std::string one_of(std::span<const std::string_view> words);

}  // namespace vpcwall

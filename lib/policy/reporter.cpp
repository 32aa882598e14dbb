#include "policy/reporter.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "policy/nearest_word.h"
#include "text/escape.h"

namespace vpcwall {

void Reporter::error(SourcePosition at, std::string message, std::string hint, std::string_view aws_code) {
  add({Severity::error, file_name_, at, std::move(message), std::move(hint), std::string(aws_code)});
}

void Reporter::warning(SourcePosition at, std::string message, std::string hint, std::string_view aws_code) {
  add({Severity::warning, file_name_, at, std::move(message), std::move(hint), std::string(aws_code)});
}

void Reporter::add(Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::error) ++errors_;
  if (found_.size() < max_diagnostics) {
    diagnostic.file = file_name_;
    found_.push_back(std::move(diagnostic));
  } else {
    ++not_listed_;
  }
}

std::string Reporter::did_you_mean(std::string_view wanted, std::span<const std::string_view> candidates) {
  if (!can_compare(candidates.size())) return {};
  comparisons_left_ -= candidates.size();
  NearestWord nearest(wanted);
  for (const std::string_view candidate : candidates) nearest.offer(candidate);
  return nearest.best() ? "did you mean " + quoted(*nearest.best()) + '?' : std::string{};
}

std::vector<Diagnostic> Reporter::take() {
  const auto key = [](const Diagnostic& d) { return std::tie(d.at.line, d.at.column); };
  std::stable_sort(found_.begin(), found_.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return key(a) < key(b); });
  const auto same = [&](const Diagnostic& a, const Diagnostic& b) {
    return key(a) == key(b) && a.message == b.message;
  };
  found_.erase(std::unique(found_.begin(), found_.end(), same), found_.end());
  if (not_listed_ != 0) {
    const Severity severity = errors_ != 0 ? Severity::error : Severity::warning;
    found_.push_back({severity,
                      file_name_,
                      {},
                      std::to_string(not_listed_) + " more findings are not listed",
                      "mend those above first",
                      {}});
  }
  return std::move(found_);
}

std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 60;
  const bool cut = text.size() > longest;
  if (cut) {
    text = text.substr(0, longest);
    text.remove_suffix(unfinished_bytes(text));
  }
  std::string shown;
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') shown += '\\';
    shown += letter;
  }
  return '"' + escaped(shown) + (cut ? "…\"" : "\"");
}

std::string where_the_first_stands(SourcePosition first) {
  return first.line == 0 ? std::string{} : "the first stands in line " + std::to_string(first.line);
}

std::string one_of(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace vpcwall

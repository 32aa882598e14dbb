// Whether the lines of an audit log are those that were written, and which are not.
//
//   ChainVerification check(head);              // the head as it is kept apart, if it is
//   for (line : lines, oldest first) check.line(line);
//   const ChainReport report = check.finish();
//
// A finding names the first entry that it is about. Lines before the first entry were written before there
// was a chain; they are counted, and the first entry vouches for the last of them. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/chain.h"

namespace vpcwall {

enum class ChainFault : std::uint8_t {
  changed,     // not what the next entry, or the head, vouches for
  missing,     // between two others, at the beginning or at the end
  unreadable,  // a line that is no entry
  unexpected,  // an entry out of order, or one that the head does not know
};
[[nodiscard]] std::string_view to_string(ChainFault fault) noexcept;

struct ChainFinding {
  ChainFault fault = ChainFault::changed;
  std::uint64_t first = 0, last = 0;  // entries
  std::string text;                   // a sentence
};

struct ChainReport {
  std::uint64_t first = 0, last = 0;  // entries that were read; 0: none
  std::uint64_t unchained = 0;        // lines before the first
  std::vector<ChainFinding> findings;
  std::uint64_t not_listed = 0;  // findings beyond the first thousand
  [[nodiscard]] bool intact() const noexcept { return findings.empty(); }
};

class ChainVerification {
 public:
  static constexpr std::size_t most_findings = 1000;

  explicit ChainVerification(std::optional<ChainHead> head) : head_(std::move(head)) {}

  // Without its end.
  void line(std::string_view line);
  // `cut`: the last line had no end.
  [[nodiscard]] ChainReport finish(bool cut = false);

 private:
  void add(ChainFault fault, std::uint64_t first, std::uint64_t last, std::string text);
  void missing(std::uint64_t first, std::uint64_t last, const std::string& where);
  void begin(const ChainLink& link);
  void unreadable_line();

  std::optional<ChainHead> head_;
  ChainReport report_;
  std::string digest_;       // of the line before
  bool is_trusted_ = false;  // the line before is the one that the next should vouch for
  std::string digest_at_head_;
};

}  // namespace vpcwall

// Narrator: prints a story and keeps the account of what did not behave as told.
//
// Colour is an ornament: every sign is also a word. Everything is flushed line by line, so that what stands
// on the screen has happened.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/lab/demo_counters.h"

namespace vpcwall {

class Narrator {
 public:
  Narrator(std::ostream& out, bool color) : out_(out), color_(color) {}

  void headline(std::string_view text);
  void step(std::size_t number, std::size_t count, std::string_view title);
  void tells(std::string_view text);    // a paragraph
  void expects(std::string_view text);  // before the proof
  void command(std::string_view text, std::string_view output = {});
  void change(const std::vector<std::string>& difference);  // lines of the policy
  void traffic(std::string_view text);  // what a command would be, where the story itself is the program
  // Rules by their packets, then the gates in the order of a request that comes in and a reply that goes out.
  void counters(const DemoCounters& moved);
  // PASS and HANG are what traffic did; `as_told` is whether it should have.
  void outcome(std::string_view what_happened, bool as_told);
  void check(bool as_told, std::string_view statement);

  [[nodiscard]] const std::vector<std::string>& failures() const noexcept { return failures_; }

 private:
  void journey(std::string_view label, const DemoCounters& moved, std::string_view first,
               std::string_view second);
  void paragraph(std::string_view label, std::string_view text);
  [[nodiscard]] std::string styled(std::string_view text, std::string_view style) const;

  std::ostream& out_;
  bool color_;
  std::string step_;
  std::vector<std::string> failures_;  // "step 3 (…): statement"
};

}  // namespace vpcwall

#include "cli/lab/demo_policy.h"

#include <sstream>
#include <stdexcept>

namespace vpcwall {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// An edit replaces one run of lines, so what differs is what lies between the equal ends.
void append_difference(const PolicyEdit& edit, std::vector<std::string>& difference) {
  const std::vector<std::string> before = lines_of(edit.before);
  const std::vector<std::string> after = lines_of(edit.after);
  std::size_t head = 0;
  while (head < before.size() && head < after.size() && before[head] == after[head]) ++head;
  std::size_t before_end = before.size();
  std::size_t after_end = after.size();
  while (before_end > head && after_end > head && before[before_end - 1] == after[after_end - 1]) {
    --before_end;
    --after_end;
  }
  for (std::size_t i = 0; i < head; ++i) difference.push_back("  " + before[i]);
  for (std::size_t i = head; i < before_end; ++i) difference.push_back("- " + before[i]);
  for (std::size_t i = head; i < after_end; ++i) difference.push_back("+ " + after[i]);
  for (std::size_t i = before_end; i < before.size(); ++i) difference.push_back("  " + before[i]);
}

}  // namespace

EditedPolicy edit_policy(const std::string& text, const std::vector<PolicyEdit>& edits) {
  EditedPolicy edited{text, {}};
  for (const PolicyEdit& edit : edits) {
    const std::size_t at = edited.text.find(edit.before);
    if (at == std::string::npos || edited.text.find(edit.before, at + 1) != std::string::npos) {
      throw std::logic_error("the policy does not hold exactly once: " + edit.before);
    }
    edited.text.replace(at, edit.before.size(), edit.after);
    append_difference(edit, edited.difference);
  }
  return edited;
}

}  // namespace vpcwall

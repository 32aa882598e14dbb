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

// An edit replaces one run of lines, so what differs is what remains without the equal ends.
void append_difference(const PolicyEdit& edit, std::vector<std::string>& difference) {
  std::vector<std::string> before = lines_of(edit.before);
  std::vector<std::string> after = lines_of(edit.after);
  std::size_t same = 0;
  while (same < before.size() && same < after.size() && before[same] == after[same]) ++same;
  before.erase(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(same));
  after.erase(after.begin(), after.begin() + static_cast<std::ptrdiff_t>(same));
  while (!before.empty() && !after.empty() && before.back() == after.back()) {
    before.pop_back();
    after.pop_back();
  }
  for (const std::string& line : before) difference.push_back("- " + line);
  for (const std::string& line : after) difference.push_back("+ " + line);
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

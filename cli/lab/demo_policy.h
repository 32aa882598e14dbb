// The policies of the demonstrations, and how a story changes them: as lines of the file, so that what the
// learner sees is what was written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vpcwall {

// The text of config/examples/ephemeral-port.yaml, so that the story needs no file beside the program.
extern const std::string_view ephemeral_port_policy;

// `before` must stand exactly once in the file.
struct PolicyEdit {
  std::string before;
  std::string after;
};

struct EditedPolicy {
  std::string text;
  std::vector<std::string> difference;  // "- old line", "+ new line", "  line of the edit that stays"
};

// Throws std::logic_error if a `before` stands there never or more than once: the story no longer fits its
// policy.
[[nodiscard]] EditedPolicy edit_policy(const std::string& text, const std::vector<PolicyEdit>& edits);

}  // namespace vpcwall

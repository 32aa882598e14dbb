#include "lint/finding.h"

#include <array>

namespace vpcwall {

std::string_view to_string(SubjectKind kind) noexcept {
  constexpr std::array<std::string_view, 6> names{"policy",      "security group", "network ACL",
                                                  "prefix list", "interface",      "suppression"};
  return names.at(static_cast<std::size_t>(kind));
}

std::string to_string(const Subject& subject) {
  std::string text{to_string(subject.kind)};
  if (!subject.id.empty()) text += ' ' + (subject.name.empty() ? subject.id : subject.name);
  if (subject.rule.empty()) return text;
  return text + ", " + (subject.kind == SubjectKind::network_acl ? subject.rule : subject.says);
}

}  // namespace vpcwall

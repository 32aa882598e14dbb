// What a check has found: where, about what, and what to do about it. A value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lint/check.h"

namespace vpcwall {

enum class SubjectKind : std::uint8_t {
  policy,
  security_group,
  network_acl,
  prefix_list,
  interface,
  suppression
};
[[nodiscard]] std::string_view to_string(SubjectKind kind) noexcept;  // "network ACL"

// What a finding is about. An object that nobody wrote stands where its VPC stands.
struct Subject {
  SubjectKind kind = SubjectKind::policy;
  std::string id, name;  // empty for the policy and for suppressions
  std::string rule;      // "ingress 100" of an entry, "sgr-…" of a rule; empty: the object as a whole
  std::string says;      // of a rule or entry: "ingress tcp 22 0.0.0.0/0", "allow tcp 443 0.0.0.0/0"
};
// "security group web, ingress tcp 22 0.0.0.0/0"
[[nodiscard]] std::string to_string(const Subject& subject);

struct Finding {
  const Check* check = nullptr;  // never null
  SourcePosition at;
  Subject subject;
  std::string message;  // what is so
  std::string remedy;   // what to do
  std::optional<Suppression> suppressed;
};

}  // namespace vpcwall

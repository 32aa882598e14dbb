// YAML (or JSON, which is YAML) text <-> Policy. The format is described in vpcwall.yaml(5).
//
// load_policy() is strict: unknown and duplicate keys, wrong kinds of value, numbers with leading zeros,
// "yes" for true, dangling names, broken quotas are all errors with a position; every mistake of the text is
// in one list. It never throws and never guesses. If `diagnostics` holds an error, `policy` is empty.
// emit_policy() writes every field, so load_policy(emit_policy(p)) equals p.
//
// Bounds: a text above max_policy_bytes, nesting deeper than max_policy_depth or more than max_policy_nodes
// visited nodes (aliases count each time they are used) is refused. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/diagnostic.h"
#include "policy/policy.h"

namespace vpcwall {

inline constexpr std::size_t max_policy_bytes = std::size_t{16} << 20U;
inline constexpr std::size_t max_policy_depth = 16;
inline constexpr std::size_t max_policy_nodes = 2'000'000;

struct LoadedPolicy {
  std::optional<Policy> policy;
  std::vector<Diagnostic> diagnostics;  // errors and warnings, in the order of the file
};

[[nodiscard]] LoadedPolicy load_policy(std::string_view text, const std::string& file_name);
[[nodiscard]] std::string emit_policy(const Policy& policy);

}  // namespace vpcwall

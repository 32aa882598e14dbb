// A policy file as the command reads it: its diagnostics go to standard error, the policy to the caller.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/diagnostic.h"
#include "policy/policy.h"

namespace vpcwall {

struct PolicyFile {
  std::optional<Policy> policy;
  std::vector<Diagnostic> diagnostics;
};

// An unreadable file is a diagnostic like any other mistake. "-" is standard input.
[[nodiscard]] PolicyFile read_policy_file(const std::string& path);

// Errors only, or warnings too; one per line on standard error.
void print_diagnostics(const std::vector<Diagnostic>& diagnostics, bool warnings_too);

}  // namespace vpcwall

#include "cli/files/policy_file.h"

#include <iostream>

#include "cli/files/input_file.h"
#include "policy/policy_yaml.h"

namespace vpcwall {

PolicyFile read_policy_file(const std::string& path) {
  const auto text = read_input_file(path);
  if (!text) return {std::nullopt, {text.error()}};
  LoadedPolicy loaded = load_policy(*text, path);
  return {std::move(loaded.policy), std::move(loaded.diagnostics)};
}

void print_diagnostics(const std::vector<Diagnostic>& diagnostics, bool warnings_too) {
  for (const Diagnostic& diagnostic : diagnostics)
    if (warnings_too || diagnostic.severity == Severity::error) std::cerr << to_string(diagnostic) << '\n';
}

}  // namespace vpcwall

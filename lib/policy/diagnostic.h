// What is wrong with a text that the operator wrote, and where: "file:line:column: error: …".
//
// A reader of operator input reports every mistake of one run as a list of these; nothing is thrown and
// nothing is guessed. `message` says what was found and what was expected; `hint` says what to do, or is
// empty.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/policy.h"

namespace vpcwall {

enum class Severity : std::uint8_t { error, warning };

struct Diagnostic {
  Severity severity = Severity::error;
  std::string file;
  SourcePosition at;
  std::string message;
  std::string hint;
  std::string aws_code;  // the EC2 API error of the same mistake, or empty (S-35, S-73, S-82, S-84)
};

// "policy.yaml:12:7: error: found …, expected …; did you mean …?" on one line, without a line end.
[[nodiscard]] std::string to_string(const Diagnostic& diagnostic);
[[nodiscard]] bool has_errors(const std::vector<Diagnostic>& diagnostics) noexcept;

}  // namespace vpcwall

#include "policy/diagnostic.h"

#include <algorithm>

#include "text/escape.h"

namespace vpcwall {

std::string to_string(const Diagnostic& diagnostic) {
  std::string text = diagnostic.file;
  if (diagnostic.at.line != 0) {
    if (!text.empty()) text += ':';
    text += std::to_string(diagnostic.at.line) + ':' + std::to_string(diagnostic.at.column);
  }
  if (!text.empty()) text += ": ";
  text += diagnostic.severity == Severity::error ? "error: " : "warning: ";
  text += diagnostic.message;
  if (!diagnostic.hint.empty()) text += "; " + diagnostic.hint;
  if (!diagnostic.aws_code.empty()) text += " [" + diagnostic.aws_code + ']';
  return escaped(text);  // a file's name is anybody's text
}

bool has_errors(const std::vector<Diagnostic>& diagnostics) noexcept {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& diagnostic) { return diagnostic.severity == Severity::error; });
}

}  // namespace vpcwall

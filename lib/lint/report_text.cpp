#include "lint/report_text.h"

#include <algorithm>
#include <span>

namespace vpcwall {
namespace {

std::string_view color_of(CheckSeverity severity) noexcept {
  switch (severity) {
    case CheckSeverity::critical:
    case CheckSeverity::high: return "\033[1;31m";
    case CheckSeverity::medium: return "\033[1;33m";
    case CheckSeverity::low:
    case CheckSeverity::info: return "\033[1;36m";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

std::string severity_text(CheckSeverity severity, bool color) {
  const std::string word(to_string(severity));
  return color ? std::string(color_of(severity)) + word + "\033[0m" : word;
}

std::string id_and_name(const Check& check) {
  return std::string(check.id) + (check.name == check.id ? "" : ' ' + std::string(check.name));
}

bool is_at(const Finding& one, const Finding& other) {
  return one.at.line == other.at.line && one.at.column == other.at.column;
}

bool says_the_same(const Finding& one, const Finding& other) {
  return one.check->severity == other.check->severity && one.message == other.message &&
         to_string(one.subject) == to_string(other.subject);
}

std::string line_of(const std::string& file, const std::vector<const Finding*>& alike, bool color) {
  const Finding& finding = *alike.front();
  std::string text = file + ':';
  if (finding.at.line != 0)
    text += std::to_string(finding.at.line) + ':' + std::to_string(finding.at.column) + ':';
  text += ' ' + severity_text(finding.check->severity, color) + ": " + to_string(finding.subject) + ": " +
          finding.message + " [" + id_and_name(*finding.check);
  for (std::size_t i = 1; i < alike.size(); ++i) text += ", " + std::string(alike[i]->check->id);
  return text + "]\n    " + finding.remedy + '\n';
}

// The findings of one place. Catalogues ask the same: what they find alike is said once.
std::string lines_of(const std::string& file, std::span<const Finding> findings, bool color) {
  std::vector<const Finding*> rest;
  for (const Finding& finding : findings)
    if (!finding.suppressed) rest.push_back(&finding);
  std::string text;
  while (!rest.empty()) {
    const Finding& first = *rest.front();
    const auto others = std::stable_partition(rest.begin(), rest.end(),
                                              [&](const Finding* one) { return says_the_same(first, *one); });
    text += line_of(file, {rest.begin(), others}, color);
    rest.erase(rest.begin(), others);
  }
  return text;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

}  // namespace

std::string findings_text(const LintedFile& file, bool color) {
  std::string text;
  const auto& findings = file.report.findings;
  for (auto first = findings.begin(); first != findings.end();) {
    const auto end =
        std::find_if(first, findings.end(), [&](const Finding& one) { return !is_at(one, *first); });
    text += lines_of(file.name, {first, end}, color);
    first = end;
  }
  const LintSummary summary = summarize(file.report);
  text += file.name + ": ";
  std::string separator = " (";
  text += summary.count() == 0 ? "no findings" : std::to_string(summary.count()) + " finding";
  if (summary.count() > 1) text += 's';
  for (std::size_t i = check_severity_count; i-- > 0;) {
    if (summary.by_severity.at(i) == 0) continue;
    text += separator + std::to_string(summary.by_severity.at(i)) + ' ' +
            std::string(to_string(static_cast<CheckSeverity>(i)));
    separator = ", ";
  }
  if (summary.count() != 0) text += ')';
  if (summary.suppressed != 0) text += ", " + std::to_string(summary.suppressed) + " suppressed";
  if (!file.report.complete)
    text += "; too large to be looked at as a whole: some checks have seen a part of it";
  return text + '\n';
}

std::string checks_text(const std::vector<const Check*>& checks) {
  std::string text;
  for (const Catalogue catalogue :
       {Catalogue::vpcwall, Catalogue::aws_config, Catalogue::security_hub, Catalogue::prowler}) {
    std::size_t ids = 0, names = 0;
    std::vector<const Check*> rows;
    for (const Check* check : checks)
      if (check->catalogue == catalogue) {
        rows.push_back(check);
        ids = std::max(ids, check->id.size());
        if (check->name != check->id && catalogue != Catalogue::prowler)
          names = std::max(names, check->name.size());
      }
    if (rows.empty()) continue;
    text += (text.empty() ? "" : "\n") + std::string(to_string(catalogue)) + '\n';
    for (const Check* check : rows) {
      text += "  " + padded(std::string(check->id), ids) + "  ";
      if (names != 0) text += padded(std::string(check->name), names) + "  ";
      text += padded(std::string(to_string(check->severity)), 8) + "  " + std::string(check->title);
      if (!check->is_answerable()) text += " (not applicable: " + std::string(check->help) + ')';
      text += '\n';
      for (const CheckParameter& parameter : check->parameters)
        text += "    " + std::string(parameter.name) + '=' + std::string(parameter.standard) + '\n';
    }
  }
  return text;
}

}  // namespace vpcwall

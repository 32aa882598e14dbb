#include "lint/sarif.h"

#include <map>

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

std::string_view level_of(CheckSeverity severity) noexcept {
  switch (severity) {
    case CheckSeverity::critical:
    case CheckSeverity::high: return "error";
    case CheckSeverity::medium: return "warning";
    case CheckSeverity::low:
    case CheckSeverity::info: return "note";
  }
  return "none";  // GCOVR_EXCL_LINE: every value has its case
}

// What code-scanning services sort by, from 0 to 10.
std::string_view security_severity(CheckSeverity severity) noexcept {
  switch (severity) {
    case CheckSeverity::critical: return "9.5";
    case CheckSeverity::high: return "8.0";
    case CheckSeverity::medium: return "5.5";
    case CheckSeverity::low: return "3.0";
    case CheckSeverity::info: return "0.0";
  }
  return "0.0";  // GCOVR_EXCL_LINE: every value has its case
}

// A path as a URI reference: everything but the letters that may stand in a path is escaped (RFC 3986).
std::string uri_of(const std::string& path) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string uri = path.starts_with('/') ? "file://" : "";
  for (const char letter : path) {
    const auto byte = static_cast<unsigned char>(letter);
    if (plain.find(letter) != std::string_view::npos)
      uri += letter;
    else
      uri += {'%', digits[byte >> 4U], digits[byte & 15U]};
  }
  return uri;
}

ordered_json physical_location(const std::string& file, SourcePosition at) {
  ordered_json location{{"artifactLocation", {{"uri", uri_of(file)}}}};
  if (at.line != 0)
    location["region"] = {{"startLine", at.line}, {"startColumn", at.column == 0 ? 1U : at.column}};
  return location;
}

ordered_json rule_json(const Check& check) {
  ordered_json rule{{"id", check.id},
                    {"name", check.name},
                    {"shortDescription", {{"text", check.title}}},
                    {"fullDescription", {{"text", check.help}}},
                    {"defaultConfiguration", {{"level", level_of(check.severity)}}}};
  if (!check.remedy.empty()) rule["help"] = {{"text", check.remedy}};
  rule["properties"] = {{"security-severity", security_severity(check.severity)},
                        {"tags", ordered_json::array({"security", to_string(check.catalogue)})},
                        {"facts", check.facts}};
  return rule;
}

ordered_json result_json(const std::string& file, const Finding& finding, std::size_t rule_index) {
  const Subject& subject = finding.subject;
  ordered_json location{
      {"physicalLocation", physical_location(file, finding.at)},
      {"logicalLocations", ordered_json::array({{{"fullyQualifiedName", to_string(subject)}}})}};
  ordered_json result{
      {"ruleId", finding.check->id},
      {"ruleIndex", rule_index},
      {"level", level_of(finding.check->severity)},
      {"message", {{"text", to_string(subject) + ": " + finding.message + "; " + finding.remedy}}},
      {"locations", ordered_json::array({std::move(location)})}};
  result["partialFingerprints"] = {
      {"vpcwall/1", std::string(finding.check->id) + '|' + subject.id + '|' + subject.rule}};
  result["suppressions"] = ordered_json::array();
  if (finding.suppressed)
    result["suppressions"].push_back(
        {{"kind", "inSource"},
         {"justification", finding.suppressed->reason},
         {"location", {{"physicalLocation", physical_location(file, finding.suppressed->at)}}}});
  return result;
}

}  // namespace

nlohmann::ordered_json sarif(const std::vector<LintedFile>& files, const std::vector<const Check*>& checks,
                             const std::string& version) {
  ordered_json rules = ordered_json::array();
  std::map<const Check*, std::size_t> index;
  for (const Check* check : checks) {
    if (!check->is_answerable()) continue;
    index[check] = rules.size();
    rules.push_back(rule_json(*check));
  }
  ordered_json results = ordered_json::array();
  for (const LintedFile& file : files)
    for (const Finding& finding : file.report.findings)
      results.push_back(result_json(file.name, finding, index.at(finding.check)));
  ordered_json driver{{"name", "vpcwall"}, {"version", version}, {"rules", std::move(rules)}};
  ordered_json run{{"tool", {{"driver", std::move(driver)}}}, {"results", std::move(results)}};
  return {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
          {"version", "2.1.0"},
          {"runs", ordered_json::array({std::move(run)})}};
}

}  // namespace vpcwall

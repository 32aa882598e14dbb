#include "lint/report_json.h"

#include <numeric>

namespace vpcwall {
namespace {

nlohmann::ordered_json to_json(const Subject& subject) {
  nlohmann::ordered_json json{{"kind", to_string(subject.kind)}};
  const auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) json[key] = value;
  };
  put("id", subject.id);
  put("name", subject.name);
  put("rule", subject.rule);
  put("says", subject.says);
  return json;
}

nlohmann::ordered_json to_json(const Finding& finding) {
  nlohmann::ordered_json json{{"check", finding.check->id},
                              {"name", finding.check->name},
                              {"severity", to_string(finding.check->severity)},
                              {"line", finding.at.line},
                              {"column", finding.at.column},
                              {"object", to_json(finding.subject)},
                              {"message", finding.message},
                              {"remedy", finding.remedy},
                              {"facts", finding.check->facts},
                              {"suppressed", nullptr}};
  if (finding.suppressed)
    json["suppressed"] = {{"reason", finding.suppressed->reason},
                          {"line", finding.suppressed->at.line},
                          {"column", finding.suppressed->at.column}};
  return json;
}

}  // namespace

std::size_t LintSummary::count() const noexcept {
  return std::accumulate(by_severity.begin(), by_severity.end(), std::size_t{0});
}

LintSummary summarize(const LintReport& report) {
  LintSummary summary;
  for (const Finding& finding : report.findings) {
    if (finding.suppressed)
      ++summary.suppressed;
    else
      ++summary.by_severity.at(static_cast<std::size_t>(finding.check->severity));
  }
  return summary;
}

nlohmann::ordered_json findings_json(const std::vector<LintedFile>& files) {
  nlohmann::ordered_json json{{"schema", "vpcwall/lint/1"}, {"files", nlohmann::ordered_json::array()}};
  LintSummary total;
  for (const LintedFile& file : files) {
    nlohmann::ordered_json findings = nlohmann::ordered_json::array();
    for (const Finding& finding : file.report.findings) findings.push_back(to_json(finding));
    json["files"].push_back(
        {{"file", file.name}, {"complete", file.report.complete}, {"findings", std::move(findings)}});
    const LintSummary summary = summarize(file.report);
    for (std::size_t i = 0; i < check_severity_count; ++i)
      total.by_severity.at(i) += summary.by_severity.at(i);
    total.suppressed += summary.suppressed;
  }
  for (std::size_t i = check_severity_count; i-- > 0;)
    json["summary"][std::string(to_string(static_cast<CheckSeverity>(i)))] = total.by_severity.at(i);
  json["summary"]["suppressed"] = total.suppressed;
  return json;
}

nlohmann::ordered_json checks_json(const std::vector<const Check*>& checks) {
  nlohmann::ordered_json json{{"schema", "vpcwall/lint-checks/1"},
                              {"checks", nlohmann::ordered_json::array()}};
  for (const Check* check : checks) {
    nlohmann::ordered_json entry{{"id", check->id},
                                 {"name", check->name},
                                 {"catalogue", to_string(check->catalogue)},
                                 {"severity", to_string(check->severity)},
                                 {"applicable", check->is_answerable()},
                                 {"title", check->title},
                                 {check->is_answerable() ? "help" : "reason", check->help},
                                 {"remedy", check->remedy},
                                 {"facts", check->facts},
                                 {"parameters", nlohmann::ordered_json::array()}};
    for (const CheckParameter& parameter : check->parameters)
      entry["parameters"].push_back({{"name", parameter.name}, {"default", parameter.standard}});
    json["checks"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace vpcwall

// vpcwall test --coverage: which rules of the policies no case exercised.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/test/options.h"
#include "cli/verbs.h"
#include "scenario/report.h"

namespace vpcwall {
namespace {

std::string percent_text(std::size_t exercised, std::size_t countable) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%", percent(exercised, countable));
  return text.data();
}

std::string_view state_of(const RuleCoverage& one) {
  if (one.cases != 0) return "exercised";
  return one.rule.can_decide ? "never" : "cannot-decide";
}

struct Totals {
  std::size_t exercised = 0, countable = 0;
  [[nodiscard]] bool reaches(double minimum) const noexcept {
    return static_cast<double>(exercised) * 100 >= minimum * static_cast<double>(countable);
  }
};

Totals totals_of(const std::vector<FileCoverage>& files) {
  Totals totals;
  for (const FileCoverage& file : files) {
    totals.exercised += file.exercised;
    totals.countable += file.countable;
  }
  return totals;
}

std::string summary(std::size_t exercised, std::size_t countable) {
  return std::to_string(exercised) + " of " + std::to_string(countable) + " rules exercised, " +
         percent_text(exercised, countable);
}

void print_file(const FileCoverage& file) {
  std::cout << file.file << ": " << summary(file.exercised, file.countable) << '\n';
  std::size_t width = 0;
  for (const RuleCoverage& one : file.rules)
    if (state_of(one) == "never") width = std::max(width, to_string(one.place).size());
  for (const RuleCoverage& one : file.rules) {
    if (state_of(one) != "never") continue;
    std::string place = to_string(one.place);
    place.resize(width, ' ');
    std::cout << "  never  " << place << "  " << describe(one.rule) << '\n';
  }
}

nlohmann::ordered_json to_json(const RuleCoverage& one) {
  const RuleIdentity& identity = one.rule.identity;
  nlohmann::ordered_json json{{"line", one.place.line},
                              {"column", one.place.column},
                              {"kind", to_string(identity.kind)},
                              {"owner", identity.owner},
                              {"owner_name", one.rule.owner_name},
                              {"direction", identity.direction == Direction::ingress ? "ingress" : "egress"}};
  if (identity.kind == RuleKind::acl_default)
    json["family"] = identity.family == Family::ipv4 ? "ipv4" : "ipv6";
  json["rule"] = identity.rule;
  json["match"] = one.rule.match;
  json["written"] = one.rule.written;
  json["state"] = state_of(one);
  json["cases"] = one.cases;
  return json;
}

nlohmann::ordered_json to_json(const FileCoverage& file) {
  nlohmann::ordered_json json{{"file", file.file},
                              {"exercised", file.exercised},
                              {"total", file.countable},
                              {"percent", percent(file.exercised, file.countable)}};
  json["rules"] = nlohmann::ordered_json::array();
  for (const RuleCoverage& one : file.rules) json["rules"].push_back(to_json(one));
  return json;
}

nlohmann::ordered_json to_json(const std::vector<FileCoverage>& files,
                               const std::vector<SuiteResult>& suites) {
  const Totals totals = totals_of(files);
  std::size_t cases = 0;
  nlohmann::ordered_json failed = nlohmann::ordered_json::array();
  for (const SuiteResult& suite : suites)
    for (const CaseResult& one : suite.cases) {
      ++cases;
      if (one.outcome.passed()) continue;
      failed.push_back({{"file", suite.file}});
      failed.back().update(to_json(*one.scenario, one.outcome));
    }
  nlohmann::ordered_json json{{"schema", "vpcwall/coverage/1"},
                              {"exercised", totals.exercised},
                              {"total", totals.countable},
                              {"percent", percent(totals.exercised, totals.countable)},
                              {"cases", cases},
                              {"failed", std::move(failed)}};
  json["files"] = nlohmann::ordered_json::array();
  for (const FileCoverage& file : files) json["files"].push_back(to_json(file));
  return json;
}

}  // namespace

int test_coverage(const std::vector<TestFile>& files, const TestOptions& options,
                  std::vector<SuiteResult>& suites) {
  Coverage coverage;
  suites = run_simulated(files, options.jobs, &coverage);
  const std::vector<FileCoverage> found = coverage.files();
  const Totals totals = totals_of(found);
  if (options.json) {
    std::cout << to_json(found, suites).dump(2) << '\n';
  } else {
    print_results(suites);
    std::cout << '\n';
    for (const FileCoverage& file : found) print_file(file);
    std::cout << "all files: " << summary(totals.exercised, totals.countable) << '\n';
  }
  const bool enough = totals.reaches(options.coverage_min);
  if (!enough)
    std::cerr << "vpcwall: " << summary(totals.exercised, totals.countable) << ", expected at least "
              << options.coverage_min << " %\n";
  return enough && count_failed(suites) == 0 ? exit_status::ok : exit_status::negative;
}

}  // namespace vpcwall

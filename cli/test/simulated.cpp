// vpcwall test: scenario files through the engine, several cases at a time.
#include <algorithm>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/test/options.h"
#include "scenario/report.h"
#include "scenario/runner.h"

namespace vpcwall {
namespace {

struct Totals {
  std::size_t cases = 0, passed = 0, packets = 0;
};

Totals totals_of(const SuiteResult& suite) {
  Totals totals;
  for (const CaseResult& one : suite.cases) {
    ++totals.cases;
    totals.passed += one.outcome.passed() ? 1 : 0;
    totals.packets += packet_count(*one.scenario);
  }
  return totals;
}

Totals totals_of(const std::vector<SuiteResult>& suites) {
  Totals all;
  for (const SuiteResult& suite : suites) {
    const Totals one = totals_of(suite);
    all = {all.cases + one.cases, all.passed + one.passed, all.packets + one.packets};
  }
  return all;
}

}  // namespace

std::vector<SuiteResult> run_simulated(const std::vector<TestFile>& files, std::size_t jobs,
                                       Coverage* coverage) {
  struct Place {
    std::size_t file, scenario;
  };
  std::vector<SuiteResult> suites;
  std::vector<Place> places;
  std::vector<ExercisedRules> exercised;
  for (const TestFile& file : files) {
    suites.push_back({file.path, file.content.title, {}, {}});
    for (const Scenario& scenario : file.content.scenarios) {
      places.push_back({suites.size() - 1, suites.back().cases.size()});
      suites.back().cases.push_back({&scenario, {}, {}, {}});
      exercised.emplace_back(file.content.sources);
    }
  }
  run_all(places.size(), jobs, [&](std::size_t index) {
    CaseResult& result = suites[places[index].file].cases[places[index].scenario];
    RunOptions options;
    if (coverage != nullptr) options.observe = std::ref(exercised[index]);
    result.outcome = run_scenario(*result.scenario, options);
  });
  if (coverage == nullptr) return suites;
  for (const TestFile& file : files) coverage->add(file.content);
  for (const ExercisedRules& one : exercised) coverage->add(one);
  return suites;
}

std::size_t count_failed(const std::vector<SuiteResult>& suites) {
  const Totals all = totals_of(suites);
  return all.cases - all.passed;
}

void print_results(const std::vector<SuiteResult>& suites) {
  for (const SuiteResult& suite : suites) {
    for (const CaseResult& one : suite.cases)
      if (!one.outcome.passed()) std::cout << failure_text(*one.scenario, one.outcome, suite.file);
    const Totals totals = totals_of(suite);
    std::cout << suite.file << ": " << totals.passed << " of " << totals.cases << " passed"
              << (suite.title.empty() ? "" : " (" + suite.title + ')') << '\n';
  }
  const Totals all = totals_of(suites);
  std::cout << all.passed << " of " << all.cases << " cases passed, " << all.packets << " packets\n";
}

void print_results_json(const std::vector<SuiteResult>& suites) {
  const Totals all = totals_of(suites);
  nlohmann::ordered_json report{
      {"schema", "vpcwall/test/1"}, {"passed", all.passed}, {"cases", all.cases}, {"packets", all.packets}};
  report["files"] = nlohmann::ordered_json::array();
  for (const SuiteResult& suite : suites) {
    nlohmann::ordered_json entry{{"file", suite.file}, {"title", suite.title}};
    entry["cases"] = nlohmann::ordered_json::array();
    for (const CaseResult& one : suite.cases) entry["cases"].push_back(to_json(*one.scenario, one.outcome));
    report["files"].push_back(std::move(entry));
  }
  std::cout << report.dump(2) << '\n';
}

}  // namespace vpcwall

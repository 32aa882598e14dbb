// What the user asked of `vpcwall test`, and the ways in which it runs and reports.
#pragma once

#include <string>
#include <vector>

#include "cli/test/files.h"
#include "cli/test/results.h"
#include "cli/test/work_pool.h"
#include "scenario/coverage.h"

namespace vpcwall {

struct TestOptions {
  std::vector<std::string> paths;
  std::vector<std::string> only;
  bool list = false;
  bool json = false;
  bool tap = false;
  std::string junit;  // file; empty: none
  std::size_t jobs = default_jobs();
  bool live = false;
  std::string backend = "all";
  std::string fast_path = "both";
  std::string daemon;
  bool coverage = false;
  double coverage_min = 0;
  bool mutate = false;
  std::size_t mutations = 10'000;
};

// Every case through the engine. With `coverage`, what they exercised is added to it.
[[nodiscard]] std::vector<SuiteResult> run_simulated(const std::vector<TestFile>& files, std::size_t jobs,
                                                     Coverage* coverage);
// The failures of each file and how many passed, as text.
void print_results(const std::vector<SuiteResult>& suites);
void print_results_json(const std::vector<SuiteResult>& suites);
[[nodiscard]] std::size_t count_failed(const std::vector<SuiteResult>& suites);

// Each runs the files, reports to standard output, and returns an exit status. The results go to `suites` for
// the reports that are files.
[[nodiscard]] int test_live(const std::vector<TestFile>& files, const TestOptions& options,
                            std::vector<SuiteResult>& suites);
[[nodiscard]] int test_coverage(const std::vector<TestFile>& files, const TestOptions& options,
                                std::vector<SuiteResult>& suites);
[[nodiscard]] int test_mutations(const std::vector<TestFile>& files, const TestOptions& options,
                                 std::vector<SuiteResult>& suites);

}  // namespace vpcwall

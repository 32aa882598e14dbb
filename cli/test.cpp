// vpcwall test FILE|FOLDER…: scenario files, every case as its file expects it or not.
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>

#include "cli/test/junit.h"
#include "cli/test/options.h"
#include "cli/test/tap.h"
#include "cli/verbs.h"

namespace vpcwall {
namespace {

int list(const std::vector<TestFile>& files) {
  for (const TestFile& file : files)
    for (const Scenario& scenario : file.content.scenarios)
      std::cout << file.path << ':' << scenario.at.line << ": " << scenario.id << "  " << scenario.title
                << '\n';
  return exit_status::ok;
}

int test_simulated(const std::vector<TestFile>& files, const TestOptions& options,
                   std::vector<SuiteResult>& suites) {
  suites = run_simulated(files, options.jobs, nullptr);
  if (options.tap) {
    TapWriter tap(std::cout);
    for (const SuiteResult& suite : suites)
      for (const CaseResult& result : suite.cases) tap.add(suite, result);
    tap.finish();
  } else if (options.json) {
    print_results_json(suites);
  } else {
    print_results(suites);
  }
  return count_failed(suites) == 0 ? exit_status::ok : exit_status::negative;
}

int run(const std::vector<TestFile>& files, const TestOptions& options, std::vector<SuiteResult>& suites) {
  if (options.live) return test_live(files, options, suites);
  if (options.coverage) return test_coverage(files, options, suites);
  if (options.mutate) return test_mutations(files, options, suites);
  return test_simulated(files, options, suites);
}

int test(const TestOptions& options) {
  const auto files = read_test_files(options.paths, options.only);
  if (!files) return exit_status::bad_input;
  if (options.list) return list(*files);
  std::ofstream junit;
  if (!options.junit.empty()) {
    junit.open(options.junit, std::ios::binary);  // before a long run, not behind it
    if (!junit) throw std::runtime_error(options.junit + " cannot be written");
  }
  std::vector<SuiteResult> suites;
  const int status = run(*files, options, suites);
  if (options.junit.empty()) return status;
  write_junit(suites, junit);
  junit.close();
  if (!junit) throw std::runtime_error(options.junit + " cannot be written");
  return status;
}

void add_live_options(CLI::App& verb, TestOptions& options) {
  verb.add_flag("--live", options.live, "With real packets, in a lab made for it (root)");
  verb.add_option("--backend", options.backend, "Of --live: all that the kernel offers, or one")
      ->check(CLI::IsMember({"all", "auto", "nft", "xt"}))
      ->capture_default_str();
  verb.add_option("--fast-path", options.fast_path, "Of --live: with the fast path, without it, or both")
      ->check(CLI::IsMember({"both", "on", "off"}))
      ->capture_default_str();
  verb.add_option("--daemon", options.daemon, "Of --live: the vpcwalld to test")->type_name("FILE");
}

}  // namespace

void add_test_verb(CLI::App& app, int& exit_status) {
  auto* verb = app.add_subcommand("test", "Run scenario files: packets, and what is expected at every gate");
  const auto options = std::make_shared<TestOptions>();
  verb->add_option("PATH", options->paths, "Scenario files, or folders of them")
      ->type_name("FILE")
      ->required();
  verb->add_option("--only", options->only, "Run the case with this id; may be given again");
  auto* list = verb->add_flag("--list", options->list, "Print the cases and run none");
  auto* json = verb->add_flag("--json", options->json, "Print the results as JSON");
  auto* tap = verb->add_flag("--tap", options->tap, "Print the results as TAP 14")->excludes(json);
  verb->add_option("--junit", options->junit, "Write the results to this file as JUnit XML")
      ->type_name("FILE");
  auto* jobs =
      verb->add_option("--jobs", options->jobs, "How many cases at a time; the number of CPUs unless given")
          ->check(CLI::Range(1, 1024));
  auto* coverage = verb->add_flag("--coverage", options->coverage, "Say which rules no case exercises");
  verb->add_option("--coverage-min", options->coverage_min,
                   "Fail when less than this percentage is exercised")
      ->check(CLI::Range(0.0, 100.0))
      ->needs(coverage);
  auto* mutate = verb->add_flag("--mutate", options->mutate,
                                "Put small mistakes into the policies, and say which no case notices");
  verb->add_option("--mutations", options->mutations, "Try at most so many mistakes")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str()
      ->needs(mutate);
  add_live_options(*verb, *options);
  for (CLI::Option* special : {coverage, mutate})
    special->excludes(list)->excludes(tap)->excludes(verb->get_option("--live"));
  coverage->excludes(mutate);
  jobs->excludes(verb->get_option("--live"));
  verb->callback([options, &exit_status] { exit_status = test(*options); });
}

}  // namespace vpcwall

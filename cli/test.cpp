// vpcwall test FILE|FOLDER…: scenario files, every case as its file expects it or not.
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/live/live_runner.h"
#include "cli/policy_file.h"
#include "cli/scenario_files.h"
#include "cli/verbs.h"
#include "scenario/report.h"
#include "scenario/runner.h"

namespace vpcwall {
namespace {

struct TestOptions {
  std::vector<std::string> paths;
  std::vector<std::string> only;
  bool list = false;
  bool live = false;
  std::string backend = "all";
  std::string fast_path = "both";
  std::string daemon;
  bool json = false;
};

struct LoadedFile {
  std::string path;
  ScenarioFile content;
};

// Every file's mistakes, then nothing is run.
std::optional<std::vector<LoadedFile>> load(const TestOptions& options) {
  std::vector<LoadedFile> files;
  bool good = true;
  for (const std::string& path : find_scenario_files(options.paths)) {
    LoadedScenarios loaded = read_scenario_file(path);
    print_diagnostics(loaded.diagnostics, false);
    good = good && loaded.file;
    if (loaded.file) files.push_back({path, std::move(*loaded.file)});
  }
  if (!good) return std::nullopt;
  if (options.only.empty()) return files;

  std::vector<std::string> missing = options.only;
  for (LoadedFile& file : files)
    std::erase_if(file.content.scenarios, [&](const Scenario& scenario) {
      std::erase(missing, scenario.id);
      return std::find(options.only.begin(), options.only.end(), scenario.id) == options.only.end();
    });
  std::erase_if(files, [](const LoadedFile& file) { return file.content.scenarios.empty(); });
  for (const std::string& id : missing) std::cerr << "vpcwall: found no case " << id << '\n';
  if (!missing.empty()) return std::nullopt;
  return files;
}

int list(const std::vector<LoadedFile>& files) {
  for (const LoadedFile& file : files)
    for (const Scenario& scenario : file.content.scenarios)
      std::cout << file.path << ':' << scenario.at.line << ": " << scenario.id << "  " << scenario.title
                << '\n';
  return exit_status::ok;
}

std::size_t sent_packets(const ScenarioOutcome& outcome) {
  return static_cast<std::size_t>(
      std::count_if(outcome.steps.begin(), outcome.steps.end(),
                    [](const StepOutcome& step) { return step.seen && step.not_sent.empty(); }));
}

void print_not_sent(const Scenario& scenario, const ScenarioOutcome& outcome) {
  for (std::size_t i = 0; i < outcome.steps.size(); ++i)
    if (!outcome.steps[i].not_sent.empty())
      std::cout << scenario.id << " step " << i + 1 << " not sent (" << scenario.steps.at(i).text
                << "): " << outcome.steps[i].not_sent << '\n';
}

// One back end, with the fast path or without: every scenario that has packets. Returns how many failed.
std::size_t test_live_with(const std::vector<LoadedFile>& files, const TestOptions& options,
                           const std::string& backend, bool fast_path, nlohmann::ordered_json& report) {
  LiveRunner runner({backend, fast_path, options.daemon});
  std::size_t cases = 0, passed = 0, packets = 0, without = 0;
  for (const LoadedFile& file : files)
    for (const Scenario& scenario : file.content.scenarios) {
      if (!LiveRunner::has_packets(scenario)) {
        ++without;
        continue;
      }
      const ScenarioOutcome outcome = runner.run(scenario);
      ++cases;
      passed += outcome.passed() ? 1 : 0;
      packets += sent_packets(outcome);
      if (options.json) {
        nlohmann::ordered_json entry = to_json(scenario, outcome);
        entry["backend"] = backend;
        entry["fast_path"] = fast_path;
        report["cases"].push_back(std::move(entry));
        continue;
      }
      if (!outcome.passed()) std::cout << failure_text(scenario, outcome, file.path);
      print_not_sent(scenario, outcome);
      std::cout.flush();
    }
  if (options.json) {
    report["backends"].push_back({{"backend", backend},
                                  {"fast_path", fast_path},
                                  {"cases", cases},
                                  {"passed", passed},
                                  {"packets_sent", packets},
                                  {"answered_by_kernel", runner.answered_by_kernel()}});
  } else {
    std::cout << "backend " << backend << ", fast path " << (fast_path ? "on" : "off") << ": " << passed
              << " of " << cases << " cases passed, " << packets << " packets sent";
    if (fast_path) std::cout << ", " << runner.answered_by_kernel() << " answered by the kernel";
    std::cout << "; " << without << " cases have no packets\n";
  }
  return cases - passed;
}

int test_live(const std::vector<LoadedFile>& files, const TestOptions& options) {
  require_root();
  nlohmann::ordered_json report{{"schema", "vpcwall/test-live/1"}};
  report["backends"] = report["cases"] = nlohmann::ordered_json::array();
  std::size_t failed = 0, offered = 0;
  for (const std::string& backend : options.backend == "all" ? std::vector<std::string>{"nft", "xt"}
                                                             : std::vector<std::string>{options.backend}) {
    for (const bool fast_path : {false, true}) {
      if (options.fast_path == (fast_path ? "off" : "on")) continue;
      if (const auto reason = why_no_backend(backend, fast_path, options.daemon)) {
        if (options.backend != "all" && options.fast_path != "both") throw std::runtime_error(*reason);
        if (options.json) {
          report["backends"].push_back(
              {{"backend", backend}, {"fast_path", fast_path}, {"not_offered", *reason}});
        } else {
          std::cout << "backend " << backend << ", fast path " << (fast_path ? "on" : "off")
                    << ": this kernel does not offer it: " << *reason << '\n';
        }
        continue;
      }
      ++offered;
      failed += test_live_with(files, options, backend, fast_path, report);
    }
  }
  if (options.json) std::cout << report.dump(2) << '\n';
  if (offered == 0) throw std::runtime_error("this kernel offers no back end to test with");
  return failed == 0 ? exit_status::ok : exit_status::negative;
}

int test(const TestOptions& options) {
  const auto files = load(options);
  if (!files) return exit_status::bad_input;
  if (options.list) return list(*files);
  if (options.live) return test_live(*files, options);

  std::size_t cases = 0, passed = 0, packets = 0;
  nlohmann::ordered_json report{{"schema", "vpcwall/test/1"}, {"passed", 0}, {"cases", 0}, {"packets", 0}};
  report["files"] = nlohmann::ordered_json::array();
  for (const LoadedFile& file : *files) {
    std::size_t good = 0;
    nlohmann::ordered_json entry{{"file", file.path}, {"title", file.content.title}};
    entry["cases"] = nlohmann::ordered_json::array();
    for (const Scenario& scenario : file.content.scenarios) {
      const ScenarioOutcome outcome = run_scenario(scenario);
      good += outcome.passed() ? 1 : 0;
      packets += packet_count(scenario);
      if (options.json) {
        entry["cases"].push_back(to_json(scenario, outcome));
      } else if (!outcome.passed()) {
        std::cout << failure_text(scenario, outcome, file.path);
      }
    }
    cases += file.content.scenarios.size();
    passed += good;
    if (options.json) {
      report["files"].push_back(std::move(entry));
    } else {
      std::cout << file.path << ": " << good << " of " << file.content.scenarios.size() << " passed"
                << (file.content.title.empty() ? "" : " (" + file.content.title + ')') << '\n';
    }
  }
  if (options.json) {
    report["passed"] = passed;
    report["cases"] = cases;
    report["packets"] = packets;
    std::cout << report.dump(2) << '\n';
  } else {
    std::cout << passed << " of " << cases << " cases passed, " << packets << " packets\n";
  }
  return passed == cases ? exit_status::ok : exit_status::negative;
}

}  // namespace

void add_test_verb(CLI::App& app, int& exit_status) {
  auto* verb = app.add_subcommand("test", "Run scenario files: packets, and what is expected at every gate");
  const auto options = std::make_shared<TestOptions>();
  verb->add_option("PATH", options->paths, "Scenario files, or folders of them")->required();
  verb->add_option("--only", options->only, "Run the case with this id; may be given again");
  verb->add_flag("--list", options->list, "Print the cases and run none");
  verb->add_flag("--json", options->json, "Print the results as JSON");
  verb->add_flag("--live", options->live, "With real packets, in a lab made for it (root)");
  verb->add_option("--backend", options->backend, "Of --live: all that the kernel offers, or one")
      ->check(CLI::IsMember({"all", "auto", "nft", "xt"}))
      ->capture_default_str();
  verb->add_option("--fast-path", options->fast_path, "Of --live: with the fast path, without it, or both")
      ->check(CLI::IsMember({"both", "on", "off"}))
      ->capture_default_str();
  verb->add_option("--daemon", options->daemon, "Of --live: the vpcwalld to test");
  verb->callback([options, &exit_status] { exit_status = test(*options); });
}

}  // namespace vpcwall

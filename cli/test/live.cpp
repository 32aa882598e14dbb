// vpcwall test --live: scenario files with real packets, under every back end, with the fast path and
// without.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/live/live_runner.h"
#include "cli/test/options.h"
#include "cli/test/tap.h"
#include "cli/verbs.h"
#include "scenario/report.h"

namespace vpcwall {
namespace {

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

// One back end, with the fast path or without it.
struct Variant {
  std::string backend;
  bool fast_path;
  [[nodiscard]] std::string text() const { return backend + ", fast path " + (fast_path ? "on" : "off"); }
};

class LiveTest {
 public:
  LiveTest(const std::vector<TestFile>& files, const TestOptions& options, std::vector<SuiteResult>& suites)
      : files_(files), options_(options), suites_(suites) {
    if (options.tap) tap_ = std::make_unique<TapWriter>(std::cout);
    report_["backends"] = report_["cases"] = nlohmann::ordered_json::array();
  }

  void not_offered(const Variant& variant, const std::string& reason) {
    if (options_.json) {
      report_["backends"].push_back(
          {{"backend", variant.backend}, {"fast_path", variant.fast_path}, {"not_offered", reason}});
      return;
    }
    const std::string text = "backend " + variant.text() + ": this kernel does not offer it: " + reason;
    if (tap_) return tap_->comment(text);
    std::cout << text << '\n';
  }

  // Every scenario that has packets.
  void run(const Variant& variant) {
    LiveRunner runner({variant.backend, variant.fast_path, options_.daemon});
    std::size_t cases = 0, passed = 0, packets = 0, without = 0;
    for (const TestFile& file : files_) {
      SuiteResult& suite =
          suites_.emplace_back(SuiteResult{file.path, file.content.title, variant.text(), {}});
      for (const Scenario& scenario : file.content.scenarios) {
        CaseResult& result = suite.cases.emplace_back(run(runner, scenario));
        if (tap_) tap_->add(suite, result);
        if (!result.skipped.empty()) {
          ++without;
          continue;
        }
        ++cases;
        passed += result.outcome.passed() ? 1 : 0;
        packets += sent_packets(result.outcome);
        tell(variant, suite, result);
      }
    }
    failed_ += cases - passed;
    ++offered_;
    summarize(variant,
              {{"cases", cases},
               {"passed", passed},
               {"packets_sent", packets},
               {"answered_by_kernel", runner.answered_by_kernel()}},
              without);
  }

  int finish() {
    if (options_.json) std::cout << report_.dump(2) << '\n';
    if (tap_) tap_->finish();
    if (offered_ == 0) throw std::runtime_error("this kernel offers no back end to test with");
    return failed_ == 0 ? exit_status::ok : exit_status::negative;
  }

 private:
  static CaseResult run(LiveRunner& runner, const Scenario& scenario) {
    if (!LiveRunner::has_packets(scenario)) return {&scenario, {}, "it has no packets", std::nullopt};
    const auto begin = std::chrono::steady_clock::now();
    ScenarioOutcome outcome = runner.run(scenario);
    return {&scenario, std::move(outcome), {}, std::chrono::steady_clock::now() - begin};
  }

  void tell(const Variant& variant, const SuiteResult& suite, const CaseResult& result) {
    if (options_.json) {
      nlohmann::ordered_json entry = to_json(*result.scenario, result.outcome);
      entry["backend"] = variant.backend;
      entry["fast_path"] = variant.fast_path;
      report_["cases"].push_back(std::move(entry));
    } else if (!tap_) {
      if (!result.outcome.passed()) std::cout << failure_text(*result.scenario, result.outcome, suite.file);
      print_not_sent(*result.scenario, result.outcome);
      std::cout.flush();
    }
  }

  void summarize(const Variant& variant, const nlohmann::ordered_json& totals, std::size_t without) {
    if (options_.json) {
      nlohmann::ordered_json entry{{"backend", variant.backend}, {"fast_path", variant.fast_path}};
      entry.update(totals);
      report_["backends"].push_back(std::move(entry));
      return;
    }
    std::string text = "backend " + variant.text() + ": " + totals["passed"].dump() + " of " +
                       totals["cases"].dump() + " cases passed, " + totals["packets_sent"].dump() +
                       " packets sent";
    if (variant.fast_path) text += ", " + totals["answered_by_kernel"].dump() + " answered by the kernel";
    text += "; " + std::to_string(without) + " cases have no packets";
    if (tap_) return tap_->comment(text);
    std::cout << text << '\n';
  }

  const std::vector<TestFile>& files_;
  const TestOptions& options_;
  std::vector<SuiteResult>& suites_;
  std::unique_ptr<TapWriter> tap_;
  nlohmann::ordered_json report_{{"schema", "vpcwall/test-live/1"}};
  std::size_t failed_ = 0, offered_ = 0;
};

}  // namespace

int test_live(const std::vector<TestFile>& files, const TestOptions& options,
              std::vector<SuiteResult>& suites) {
  require_root();
  LiveTest test(files, options, suites);
  for (const std::string& backend : options.backend == "all" ? std::vector<std::string>{"nft", "xt"}
                                                             : std::vector<std::string>{options.backend})
    for (const bool fast_path : {false, true}) {
      if (options.fast_path == (fast_path ? "off" : "on")) continue;
      const auto reason = why_no_backend(backend, fast_path, options.daemon);
      if (!reason) {
        test.run({backend, fast_path});
        continue;
      }
      if (options.backend != "all" && options.fast_path != "both") throw std::runtime_error(*reason);
      test.not_offered({backend, fast_path}, *reason);
    }
  return test.finish();
}

}  // namespace vpcwall

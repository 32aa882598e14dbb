// vpcwall test --mutate: which small mistakes in the policies no case would notice.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/test/options.h"
#include "cli/verbs.h"
#include "scenario/mutation_trial.h"
#include "scenario/packet_text.h"
#include "scenario/report.h"

namespace vpcwall {
namespace {

using TrialFate = MutationTrial::Fate;

// The outcome of every mutation that was tried, in order.
struct Trials {
  const MutationTrials& all;
  std::vector<std::size_t> tried;  // indexes
  std::vector<MutationTrial> outcomes;

  [[nodiscard]] std::size_t count(TrialFate fate) const {
    return static_cast<std::size_t>(std::count_if(
        outcomes.begin(), outcomes.end(), [&](const MutationTrial& one) { return one.fate == fate; }));
  }
};

// All of them, or `most`, evenly spread.
Trials try_all(const MutationTrials& all, std::size_t most, std::size_t jobs) {
  Trials trials{all, {}, {}};
  const std::size_t count = std::min(most, all.size());
  for (std::size_t i = 0; i < count; ++i) trials.tried.push_back(i * all.size() / count);
  trials.outcomes.resize(count);
  run_all(count, jobs, [&](std::size_t i) { trials.outcomes[i] = all.run(trials.tried[i]); });
  return trials;
}

void print_survivor(const Mutation& mutation, const Witness& witness) {
  std::cout << "survived  " << to_string(mutation.place) << ": " << describe(mutation.rule) << ": "
            << mutation.text << '\n';
  for (const std::string& step : step_texts(witness)) std::cout << "  - " << step << '\n';
  std::cout << "    with the mutation: " << seen_text(witness.mutated) << '\n';
}

void print_text(const Trials& trials) {
  for (std::size_t i = 0; i < trials.outcomes.size(); ++i)
    if (const auto& witness = trials.outcomes[i].witness)
      print_survivor(trials.all.mutation(trials.tried[i]), *witness);
  const std::size_t refused = trials.count(TrialFate::refused);
  std::cout << trials.tried.size() - refused << " mutations: " << trials.count(TrialFate::noticed)
            << " noticed, " << trials.count(TrialFate::survived) << " survived, "
            << trials.count(TrialFate::masked) << " that no packet was found to tell from the policy\n";
  if (trials.tried.size() < trials.all.size())
    std::cout << trials.all.size() - trials.tried.size() << " more were not tried: see --mutations\n";
}

nlohmann::ordered_json to_json(const Witness& witness) {
  nlohmann::ordered_json steps = nlohmann::ordered_json::array();
  for (const WitnessStep& step : witness.steps) {
    nlohmann::ordered_json json{
        {"packet", packet_text(step.packet)},
        {step.direction == Direction::ingress ? "arriving" : "leaving", witness.interface}};
    const nlohmann::ordered_json seen = to_json(step.seen);
    json["expect"] = seen.at("gates");
    json["verdict"] = seen.at("verdict");
    steps.push_back(std::move(json));
  }
  return {{"steps", std::move(steps)}, {"with_mutation", to_json(witness.mutated)}};
}

nlohmann::ordered_json to_json(const Mutation& mutation, const MutationTrial& trial) {
  nlohmann::ordered_json json{{"file", mutation.place.file},
                              {"line", mutation.place.line},
                              {"column", mutation.place.column},
                              {"rule", describe(mutation.rule)},
                              {"change", mutation.text}};
  if (trial.witness) json["witness"] = to_json(*trial.witness);
  return json;
}

nlohmann::ordered_json to_json(const Trials& trials) {
  nlohmann::ordered_json json{{"schema", "vpcwall/mutate/1"},
                              {"mutations", trials.tried.size() - trials.count(TrialFate::refused)},
                              {"noticed", trials.count(TrialFate::noticed)},
                              {"not_tried", trials.all.size() - trials.tried.size()}};
  nlohmann::ordered_json survivors = nlohmann::ordered_json::array(), masked = survivors;
  for (std::size_t i = 0; i < trials.outcomes.size(); ++i) {
    const MutationTrial& trial = trials.outcomes[i];
    if (trial.fate == TrialFate::survived)
      survivors.push_back(to_json(trials.all.mutation(trials.tried[i]), trial));
    if (trial.fate == TrialFate::masked)
      masked.push_back(to_json(trials.all.mutation(trials.tried[i]), trial));
  }
  json["survivors"] = std::move(survivors);
  json["masked"] = std::move(masked);
  return json;
}

}  // namespace

int test_mutations(const std::vector<TestFile>& files, const TestOptions& options,
                   std::vector<SuiteResult>& suites) {
  suites = run_simulated(files, options.jobs, nullptr);
  if (count_failed(suites) != 0) {
    for (const SuiteResult& suite : suites)
      for (const CaseResult& one : suite.cases)
        if (!one.outcome.passed()) std::cerr << failure_text(*one.scenario, one.outcome, suite.file);
    std::cerr << "vpcwall: " << count_failed(suites) << " cases fail without any mutation: mend them first\n";
    return exit_status::negative;
  }
  std::vector<const ScenarioFile*> contents;
  for (const TestFile& file : files) contents.push_back(&file.content);
  const MutationTrials all(contents);
  const Trials trials = try_all(all, options.mutations, options.jobs);
  if (options.json) {
    std::cout << to_json(trials).dump(2) << '\n';
  } else {
    print_text(trials);
  }
  return trials.count(TrialFate::survived) == 0 ? exit_status::ok : exit_status::negative;
}

}  // namespace vpcwall

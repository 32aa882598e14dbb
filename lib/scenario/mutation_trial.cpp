#include "scenario/mutation_trial.h"

#include <algorithm>

#include "scenario/runner.h"

namespace vpcwall {
namespace {

std::set<RulePlace> places_in(const Scenario& scenario, const std::vector<std::string>& sources) {
  std::set<RulePlace> places;
  const auto add = [&](const Policy& policy) {
    for (const WrittenRule& rule : written_rules(policy)) places.insert(place_of(rule, sources));
  };
  add(scenario.policy);
  for (const ScenarioStep& step : scenario.steps)
    if (const auto* change = std::get_if<Change>(&step.what); change != nullptr && change->after)
      add(*change->after);
  return places;
}

bool notices(const Scenario& scenario, const std::vector<std::string>& sources, const Mutation& mutation) {
  RunOptions options;
  options.replace = [&](const Policy& policy) {
    auto mutated = mutate(policy, sources, mutation);
    return mutated ? std::move(*mutated) : policy;
  };
  return !run_scenario(scenario, options).passed();
}

}  // namespace

MutationTrials::MutationTrials(const std::vector<const ScenarioFile*>& files) {
  Candidates candidates;
  for (const ScenarioFile* file : files) {
    if (file->policy) add(*file->policy, file->sources, candidates);
    for (const Scenario& scenario : file->scenarios) {
      add(scenario.policy, file->sources, candidates);
      for (const RulePlace& place : places_in(scenario, file->sources))
        cases_[place].push_back({&scenario, &file->sources});
    }
  }
  for (auto& [place, all] : candidates)
    for (Candidate& candidate : all) mutations_.push_back(std::move(candidate));
}

void MutationTrials::add(const Policy& policy, const std::vector<std::string>& sources,
                         Candidates& candidates) {
  for (Mutation& mutation : mutations_of(policy, sources)) {
    std::vector<Candidate>& known = candidates[mutation.place];
    const bool again = std::any_of(known.begin(), known.end(),
                                   [&](const Candidate& one) { return one.mutation.text == mutation.text; });
    if (!again) known.push_back({std::move(mutation), &policy, &sources});
  }
}

MutationTrial MutationTrials::run(std::size_t index) const {
  const auto& [mutation, policy, sources] = mutations_.at(index);
  const auto mutated = mutate(*policy, *sources, mutation);
  if (!mutated) return {MutationTrial::Fate::refused, std::nullopt};
  if (const auto found = cases_.find(mutation.place); found != cases_.end())
    for (const Case& one : found->second)
      if (notices(*one.scenario, *one.sources, mutation)) return {MutationTrial::Fate::noticed, std::nullopt};
  auto witness = find_witness(*policy, *mutated, mutation);
  if (!witness) return {MutationTrial::Fate::masked, std::nullopt};
  return {MutationTrial::Fate::survived, std::move(witness)};
}

}  // namespace vpcwall

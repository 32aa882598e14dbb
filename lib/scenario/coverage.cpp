#include "scenario/coverage.h"

#include <cmath>

namespace vpcwall {
namespace {

// What a rule matches is no part of its place: the identity without it finds the rule.
RuleIdentity key_of(RuleIdentity identity) {
  identity.match.clear();
  return identity;
}

// Whether a rule, and not a flow or the packet's kind, said this.
bool is_rules_word(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::allow:
    case Outcome::deny:
    case Outcome::fresh:
    case Outcome::untracked:
    case Outcome::no_state:
    case Outcome::table_full: return true;
    case Outcome::tracked:
    case Outcome::pmtud:
    case Outcome::exempt: return false;
  }
  return false;  // GCOVR_EXCL_LINE: every value has its case
}

}  // namespace

void ExercisedRules::read(const Policy& policy, std::uint64_t generation) {
  if (generation == generation_) return;
  generation_ = generation;
  known_.clear();
  groups_.clear();
  for (const WrittenRule& rule : written_rules(policy))
    known_.emplace(key_of(rule.identity), place_of(rule, *sources_));
  for (const Interface& interface : policy.interfaces) groups_[interface.id] = interface.security_groups;
}

void ExercisedRules::operator()(const Policy& policy, const Simulation& simulation,
                                const Decision& decision) {
  read(policy, simulation.policy().generation);
  for (std::size_t i = 0; i < decision.gate_size; ++i) {
    const GateOutcome& gate = decision.gates.at(i);
    if (gate.rule == no_slot || !is_rules_word(gate.outcome)) continue;
    RuleIdentity identity = key_of(simulation.slots().identity(gate.rule));
    std::vector<std::string> owners{identity.owner};
    if (identity.kind == RuleKind::group_default) owners = groups_[identity.owner];
    for (const std::string& owner : owners) {
      identity.owner = owner;
      if (const auto found = known_.find(identity); found != known_.end()) places_.insert(found->second);
    }
  }
}

double percent(std::size_t exercised, std::size_t countable) noexcept {
  if (countable == 0) return 100;
  return std::floor(static_cast<double>(exercised) * 1000 / static_cast<double>(countable)) / 10;
}

void Coverage::add(const Policy& policy, const std::vector<std::string>& sources) {
  for (WrittenRule& rule : written_rules(policy)) {
    RulePlace place = place_of(rule, sources);
    RuleCoverage& entry = rules_[place];
    const bool known = entry.place.line != 0;
    // What one case leaves nothing to may decide in another, whose policy has other rules before it.
    const bool can_decide = rule.can_decide || (known && entry.rule.can_decide);
    entry.place = std::move(place);
    entry.rule = std::move(rule);
    entry.rule.can_decide = can_decide;
  }
}

void Coverage::add(const ScenarioFile& file) {
  if (file.policy) add(*file.policy, file.sources);
  for (const Scenario& scenario : file.scenarios) add(scenario.policy, file.sources);
}

void Coverage::add(const ExercisedRules& exercised) {
  for (const RulePlace& place : exercised.places())
    if (const auto found = rules_.find(place); found != rules_.end()) ++found->second.cases;
}

std::vector<FileCoverage> Coverage::files() const {
  std::vector<FileCoverage> files;
  for (const auto& [place, rule] : rules_) {
    if (files.empty() || files.back().file != place.file) files.push_back({place.file, {}, 0, 0});
    FileCoverage& file = files.back();
    file.rules.push_back(rule);
    const bool countable = rule.rule.can_decide || rule.cases != 0;
    file.countable += countable ? 1 : 0;
    file.exercised += rule.cases != 0 ? 1 : 0;
  }
  return files;
}

}  // namespace vpcwall

// Which rules the cases of scenario files exercised, and which none did.
//
//   Coverage coverage;
//   coverage.add(file);                                            // every rule that its cases could meet
//   ExercisedRules exercised(file.sources);
//   run_scenario(scenario, {.observe = std::ref(exercised)});
//   coverage.add(exercised);
//   coverage.files()                                               // file by file, in the order of their
//   lines
//
// A rule is exercised when it decided at a gate: an entry or `*` that allowed or denied, a group's rule that
// allowed (also where it opened no flow, or found no room for one), a group's implicit deny that refused an
// interface that carries the group. A packet that passes by a flow exercises no rule: the flow decides.
//
// Rules that a step brings in (`change`, `policy`) are part of the test, not of what it tests: not listed.
// One thread at a time for each object.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "replay/simulation.h"
#include "scenario/rule_place.h"
#include "scenario/scenario.h"

namespace vpcwall {

// Gathers what one case exercises; an observer of run_scenario().
class ExercisedRules {
 public:
  explicit ExercisedRules(const std::vector<std::string>& sources) : sources_(&sources) {}

  // `policy`: what is in force, as it was written.
  void operator()(const Policy& policy, const Simulation& simulation, const Decision& decision);
  [[nodiscard]] const std::set<RulePlace>& places() const noexcept { return places_; }

 private:
  void read(const Policy& policy, std::uint64_t generation);

  const std::vector<std::string>* sources_;
  std::uint64_t generation_ = 0;  // of the policy that `known_` speaks of
  std::map<RuleIdentity, RulePlace> known_;
  std::map<std::string, std::vector<std::string>> groups_;  // of each interface, by id
  std::set<RulePlace> places_;
};

struct RuleCoverage {
  RulePlace place;
  WrittenRule rule;
  std::size_t cases = 0;  // that exercised it
};

// What cannot decide is listed, and counts neither as exercised nor as missing.
struct FileCoverage {
  std::string file;
  std::vector<RuleCoverage> rules;
  std::size_t exercised = 0;
  std::size_t countable = 0;
};

// Rounded down to a tenth, so that only everything is 100; 100 when there is nothing to exercise.
[[nodiscard]] double percent(std::size_t exercised, std::size_t countable) noexcept;

class Coverage {
 public:
  void add(const ScenarioFile& file);
  void add(const ExercisedRules& exercised);
  [[nodiscard]] std::vector<FileCoverage> files() const;

 private:
  void add(const Policy& policy, const std::vector<std::string>& sources);

  std::map<RulePlace, RuleCoverage> rules_;
};

}  // namespace vpcwall

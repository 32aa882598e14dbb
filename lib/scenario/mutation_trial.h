// Whether the cases of scenario files notice a mistake in their policies.
//
//   const MutationTrials trials(files);                 // whose cases all pass
//   for (std::size_t i = 0; i < trials.size(); ++i) trials.run(i);
//
// A mutation is put into every policy that has the rule: that with which a case begins, and those after its
// steps, which do what they did without it. It is noticed when something that a case expects fails. What
// nobody notices, and a packet tells apart, has survived; that packet is what a case would have to send.
// Immutable once made: any number of threads may call run().
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scenario/policy_mutation.h"
#include "scenario/scenario.h"
#include "scenario/witness.h"

namespace vpcwall {

struct MutationTrial {
  enum class Fate : std::uint8_t {
    noticed,
    survived,
    masked,   // nobody noticed, and no packet was found that could tell
    refused,  // AWS would not have taken the policy: no mutation
  };
  Fate fate = Fate::refused;
  std::optional<Witness> witness;  // survived
};

class MutationTrials {
 public:
  // The files must outlive the trials.
  explicit MutationTrials(const std::vector<const ScenarioFile*>& files);

  // Ordered by file and line, each once however many cases have the rule.
  [[nodiscard]] std::size_t size() const noexcept { return mutations_.size(); }
  [[nodiscard]] const Mutation& mutation(std::size_t index) const { return mutations_.at(index).mutation; }
  [[nodiscard]] MutationTrial run(std::size_t index) const;

 private:
  // `policy` is where the rule was found first: the file's own before that of a case.
  struct Candidate {
    Mutation mutation;
    const Policy* policy;
    const std::vector<std::string>* sources;
  };
  struct Case {
    const Scenario* scenario;
    const std::vector<std::string>* sources;
  };
  using Candidates = std::map<RulePlace, std::vector<Candidate>>;
  static void add(const Policy& policy, const std::vector<std::string>& sources, Candidates& candidates);

  std::vector<Candidate> mutations_;
  std::map<RulePlace, std::vector<Case>> cases_;  // that begin with the rule, or get it by a step
};

}  // namespace vpcwall

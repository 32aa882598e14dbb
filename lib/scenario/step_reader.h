// The steps of one scenario, read in order: each change of configuration is carried out on the way, because
// the names of the next step are looked up in the policy that is in force by then.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "policy/reporter.h"
#include "policy/yaml_tree.h"
#include "scenario/scenario.h"
#include "scenario/scenario_reader.h"

namespace vpcwall {

// What the steps of a scenario may speak of.
struct StepContext {
  const std::map<std::string, IpAddress, std::less<>>& names;
  const YamlNode* policy;  // the scenario's own, on which a step's `policy` is laid
  const std::string& file_name;
  Reporter& reporter;
  std::deque<YamlNode>& pool;
};

// A policy text that has been laid together -> a Policy, or what is wrong with it.
struct ReadPolicyText {
  std::optional<Policy> policy;
  std::vector<Diagnostic> diagnostics;
};
[[nodiscard]] ReadPolicyText read_policy_node(const YamlNode& node, const std::string& file_name);

[[nodiscard]] std::vector<ScenarioStep> read_steps(const YamlNode& node, const Policy& policy,
                                                   const StepContext& context);

}  // namespace vpcwall

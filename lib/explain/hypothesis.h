// A policy that might be: a changed copy of one in force, compiled, so that the engine can be asked what it
// would decide.
//
// Interfaces keep the numbers that they have in the policy in force, so that live flows belong to the same
// interfaces in both. Counter slots are the hypothesis's own. One thread at a time.
#pragma once

#include <memory>

#include "explain/judged_policy.h"
#include "policy/compile.h"

namespace vpcwall {

class Hypothesis {
 public:
  Hypothesis(Policy policy, const JudgedPolicy& in_force);
  Hypothesis(const Hypothesis&) = delete;
  Hypothesis& operator=(const Hypothesis&) = delete;

  [[nodiscard]] const Policy& policy() const noexcept { return policy_; }
  [[nodiscard]] JudgedPolicy judged() const { return {policy_, *compiled_, context_.slots, file_}; }

 private:
  Policy policy_;
  std::string file_;
  CompileContext context_;
  std::shared_ptr<const CompiledPolicy> compiled_;
};

}  // namespace vpcwall

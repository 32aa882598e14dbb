// A policy that can come into force at once: everything about it that takes time is done.
//
//   const auto known = reloader.in_force();                       // control thread
//   const auto next = prepare(policy, known);                     // any thread, takes its time
//   reloader.bring_into_force(next, devices, longest_wait);       // control thread
//
// Preparing changes nothing that others see: counter slots and interface numbers are handed out in a copy of
// the context, which becomes the context of the process when the policy comes into force, and is forgotten
// otherwise. So only a policy that was prepared from what is in force can come into force. A value; any
// thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/compile.h"

namespace vpcwall {

// By rule identity: "ingress tcp 443 0.0.0.0/0 of web".
struct RuleChanges {
  std::vector<std::string> added, removed;
  std::vector<std::string> changed;  // same rule, other match: its counters start at zero
};

// As what a policy will probably come into force: where that comes true, nothing is left to be done.
struct Prospect {
  std::uint64_t generation = 0;
  std::vector<DeviceBinding> devices;
};

struct PreparedPolicy {
  std::shared_ptr<const Policy> written;
  std::shared_ptr<const CompiledPolicy> compiled;  // as `prospect` says
  Prospect prospect;
  std::shared_ptr<const CompileContext> context;  // what was known before, and its own
  std::shared_ptr<const CompileContext> known;    // what was known before
  RuleChanges changes;                            // against what was in force
};

// Throws std::runtime_error when a bound of the process would be met: interface ids, or rules, over its life.
// `in_force` is null before the first policy.
[[nodiscard]] std::shared_ptr<const PreparedPolicy> prepare(
    Policy policy, const std::shared_ptr<const PreparedPolicy>& in_force, Prospect prospect = {});

// The same beside a context that no policy in force needs to have made, such as that of a trial.
[[nodiscard]] std::shared_ptr<const PreparedPolicy> prepare_beside(
    Policy policy, std::shared_ptr<const CompileContext> known);

// `before` again, to come into force after `next`, which was prepared while it was in force. Compiles
// nothing, and has room.
[[nodiscard]] std::shared_ptr<const PreparedPolicy> way_back(const PreparedPolicy& before,
                                                             const PreparedPolicy& next,
                                                             Prospect prospect = {});

// Its compiled form under this generation and for these devices: a copy, unless that was its prospect.
[[nodiscard]] std::shared_ptr<const CompiledPolicy> compiled_for(const PreparedPolicy& policy,
                                                                 std::uint64_t generation,
                                                                 const std::vector<DeviceBinding>& devices);

}  // namespace vpcwall

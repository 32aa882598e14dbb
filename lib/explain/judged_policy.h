// A policy in both its forms, as an explanation needs it: what the operator wrote, for names and positions,
// and what was compiled from it, for the engine.
//
// The compiled form must be compile()d from the written one: interfaces, subnets and ACLs stand in the same
// order in both. References only: lives no longer than what it refers to. Any thread that may read those.
#pragma once

#include <string>

#include "engine/decision.h"
#include "policy/compiled_policy.h"
#include "policy/policy.h"

namespace vpcwall {

struct JudgedPolicy {
  const Policy& written;
  const CompiledPolicy& compiled;
  const CounterSlots& slots;
  std::string file;  // for positions; may be empty

  [[nodiscard]] const Subnet& subnet_of(InterfaceIndex interface) const;
  // Of an ACL's gate, whether an interface stands behind it or not.
  [[nodiscard]] const Subnet& subnet_of(const GateOutcome& gate) const;
  [[nodiscard]] const NetworkAcl& acl_of(const GateOutcome& gate) const;
  // The groups of an interface that exist, in the order written.
  [[nodiscard]] std::vector<const SecurityGroup*> groups_of(InterfaceIndex interface) const;
  [[nodiscard]] const SecurityGroup* group(const std::string& id) const;
  // The name of a group, or its id where nothing has it any more.
  [[nodiscard]] std::string group_name(const std::string& id) const;

  // "policy.yaml:12:7", or empty for what nobody wrote.
  [[nodiscard]] std::string position(SourcePosition at) const;
  // Where the rule, the entry, or for `*` its ACL, is written.
  [[nodiscard]] std::string position(CounterSlot slot) const;
};

}  // namespace vpcwall

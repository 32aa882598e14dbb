#include "explain/hypothesis.h"

#include <utility>

namespace vpcwall {

Hypothesis::Hypothesis(Policy policy, const JudgedPolicy& in_force)
    : policy_(std::move(policy)), file_(in_force.file) {
  for (const CompiledInterface& interface : in_force.compiled.interfaces)
    context_.interface_numbers[interface.id] = interface.number;
  compiled_ = compile(policy_, context_, in_force.compiled.generation);
}

}  // namespace vpcwall

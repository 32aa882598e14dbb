#include "reach/refusal_text.h"

namespace vpcwall {

std::string refusal_text(const GateOutcome& gate, const CompiledPolicy& policy, const CounterSlots& slots) {
  if (is_acl(gate.gate)) {
    const CompiledSubnet& subnet = policy.subnets.at(subnet_of(policy, gate));
    return "network ACL of subnet " + (subnet.name.empty() ? subnet.id : subnet.name) +
           (gate.gate == Gate::acl_ingress ? ", ingress" : ", egress") + " entry " +
           slots.identity(gate.rule).rule;
  }
  const CompiledInterface& interface = policy.interfaces.at(gate.interface);
  switch (gate.gate) {
    case Gate::sg_ingress:
    case Gate::sg_egress:
      return "security groups of interface " + (interface.name.empty() ? interface.id : interface.name) +
             (gate.gate == Gate::sg_ingress ? ", ingress" : ", egress");
    default:
      return "source/destination check of interface " +
             (interface.name.empty() ? interface.id : interface.name);
  }
}

}  // namespace vpcwall

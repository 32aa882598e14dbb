#include "reach/refusal_text.h"

namespace vpcwall {

std::string refusal_text(const GateOutcome& gate, const CompiledPolicy& policy, const CounterSlots& slots) {
  const CompiledInterface& interface = policy.interfaces.at(gate.interface);
  const CompiledSubnet& subnet = policy.subnets.at(interface.subnet);
  switch (gate.gate) {
    case Gate::acl_ingress:
    case Gate::acl_egress:
      return "network ACL of subnet " + (subnet.name.empty() ? subnet.id : subnet.name) +
             (gate.gate == Gate::acl_ingress ? ", ingress" : ", egress") + " entry " +
             slots.identity(gate.rule).rule;
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

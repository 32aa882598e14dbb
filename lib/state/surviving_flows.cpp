#include "state/surviving_flows.h"

#include "engine/evaluate.h"

namespace vpcwall {

void drop_ended(SavedState& state, const CompiledPolicy& policy) {
  std::erase_if(state.flows, [&](const Flow& flow) {
    const InterfaceIndex interface = policy.interface_named(state.interfaces.at(flow.key.interface));
    if (interface == no_interface) return true;
    FlowKey key = flow.key;
    key.interface = policy.interfaces[interface].number;
    return has_ended(policy, key);
  });
}

}  // namespace vpcwall

// The only bridge from what the operator wrote to what workers read.
//
//   CompileContext context;                                  // lives as long as the process
//   auto compiled = compile(policy, context, generation, devices);
//
// compile() takes a Policy that load_policy() accepted; it cannot fail on one. The context hands out what
// must be stable over reloads: counter slots by rule identity and interface numbers by interface id. One
// thread at a time may use a context; the result may be read by any.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "policy/compiled_policy.h"
#include "policy/counter_slots.h"
#include "policy/policy.h"

namespace vpcwall {

struct CompileContext {
  CounterSlots slots;
  std::map<std::string, InterfaceNumber> interface_numbers;  // by interface id
};

// What a kernel device is: it carries an interface's traffic (`interface` is an id or a name of the policy),
// or leads to the uplink or to the services. A device may have two: an interface and the services.
struct DeviceBinding {
  std::uint32_t device = 0;  // kernel interface index
  std::string interface;
  Origin origin = Origin::interface;
};

[[nodiscard]] std::shared_ptr<const CompiledPolicy> compile(const Policy& policy, CompileContext& context,
                                                            std::uint64_t generation,
                                                            const std::vector<DeviceBinding>& devices = {});

// "tcp 443", "icmp type 8", "all": traffic in the words of the policy file.
[[nodiscard]] std::string describe(const Traffic& traffic);

}  // namespace vpcwall

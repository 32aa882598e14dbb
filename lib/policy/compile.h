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

#include "policy/compiled_groups.h"
#include "policy/compiled_policy.h"
#include "policy/counter_slots.h"
#include "policy/policy.h"

namespace vpcwall {

struct CompileContext {
  CounterSlots slots;
  std::map<std::string, InterfaceNumber> interface_numbers;  // by interface id
  // How far indexes may outgrow the rules as written: compiled_groups.h. Changes no answer.
  std::size_t most_multiplied = CompiledGroups::most_multiplied;
};

// A kernel device that carries an interface's traffic; `interface` is an id or a name of the policy.
struct DeviceBinding {
  std::uint32_t device = 0;  // kernel interface index
  std::string interface;
};

[[nodiscard]] std::shared_ptr<const CompiledPolicy> compile(const Policy& policy, CompileContext& context,
                                                            std::uint64_t generation,
                                                            const std::vector<DeviceBinding>& devices = {});

// A copy for other devices, under another generation, that shares the rules: what it costs grows with the
// interfaces, not with their rules. Any thread.
[[nodiscard]] std::shared_ptr<const CompiledPolicy> with_devices(const CompiledPolicy& policy,
                                                                 std::uint64_t generation,
                                                                 const std::vector<DeviceBinding>& devices);

// "tcp 443", "icmp type 8", "all": traffic in the words of the policy file.
[[nodiscard]] std::string describe(const Traffic& traffic);

}  // namespace vpcwall

// A LabPlan as the input of `ip -batch -` and as kernel settings; pure text, nothing here touches the system.
//
// All of it is made of parsed addresses and of names that plan.cpp restricted to harmless characters.
#pragma once

#include <string>
#include <vector>

#include "cli/lab/plan.h"

namespace vpcwall {

// One kernel setting, written inside a namespace; `optional`: absent on kernels without IPv6.
struct KernelSetting {
  std::string path;  // below /proc/sys/net
  std::string value;
  bool optional = false;
};

[[nodiscard]] std::string namespace_commands(const LabPlan& plan);  // in the host's namespace
[[nodiscard]] std::string router_commands(const LabPlan& plan);     // in the router's; makes every veth pair
[[nodiscard]] std::string endpoint_commands(
    const LabEndpoint& endpoint);  // in the endpoint's, after the router's

// Applied before the commands above, so that new devices inherit them.
[[nodiscard]] std::vector<KernelSetting> router_settings();
[[nodiscard]] std::vector<KernelSetting> endpoint_settings();

}  // namespace vpcwall

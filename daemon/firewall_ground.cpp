// What a Firewall rests on: which devices there are, and whether the hook rules stand.
#include <net/if.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "daemon/firewall.h"

namespace vpcwall {

std::vector<Firewall::NamedDevice> Firewall::named_devices(const Policy& policy, Absent absent) const {
  std::vector<NamedDevice> devices;
  for (const Interface& interface : policy.interfaces) {
    std::string device = interface.device;
    for (const std::string& key : {interface.name, interface.id})
      if (const auto named = settings_.devices.find(key); named != settings_.devices.end())
        device = named->second;
    if (device.empty()) continue;
    const unsigned index = ::if_nametoindex(device.c_str());
    if (index == 0 && absent == Absent::refused)
      throw std::runtime_error("interface " + interface.name + ": there is no device " + device +
                               " here; correct `device` in the policy or `devices` in daemon.yaml");
    devices.push_back({device, interface.id, index});
  }
  for (const auto& named : settings_.devices) {
    const std::string& name = named.first;
    const bool known = std::any_of(policy.interfaces.begin(), policy.interfaces.end(),
                                   [&](const Interface& one) { return one.name == name || one.id == name; });
    if (!known)
      throw std::runtime_error("`devices` of daemon.yaml names " + name +
                               ", which is no interface of the policy; remove it there or add the interface");
  }
  return devices;
}

std::vector<DeviceBinding> Firewall::devices_of(const Policy& policy) const {
  try {
    return bindings_of(named_devices(policy, Absent::awaited));
  } catch (const std::runtime_error&) {  // which reload() says
    return {};
  }
}

std::vector<DeviceBinding> Firewall::bindings_of(const std::vector<NamedDevice>& devices) {
  std::vector<DeviceBinding> bindings;
  for (const NamedDevice& device : devices)
    if (device.index != 0) bindings.push_back({device.index, device.interface});
  return bindings;
}

HookPlan Firewall::hook_plan(const Policy& policy, const std::vector<NamedDevice>& devices) {
  HookPlan plan;
  plan.mode = settings_.mode;
  plan.first_queue = settings_.queues.first;
  plan.queue_count = static_cast<std::uint16_t>(queues_.size());
  plan.queue_seed = inheritance_.queue_seed;
  plan.fail_open = settings_.fail_mode == FailMode::open;
  plan.bypass = settings_.management_bypass;
  if (plan.mode == HookMode::router) {
    for (const auto& range : {policy.vpc.cidr, policy.vpc.ipv6_cidr})
      if (range) plan.guarded.push_back(*range);
    plan.guarded.insert(plan.guarded.end(), policy.vpc.secondary_cidrs.begin(),
                        policy.vpc.secondary_cidrs.end());
  }
  std::vector<std::optional<DeviceClass>> device_classes;
  for (const NamedDevice& device : devices) {
    // Its own name: rules do not know the others that it may have.
    char name[IF_NAMESIZE] = {};
    const bool here = device.index != 0 && ::if_indextoname(device.index, name) != nullptr;
    plan.devices.push_back(here ? name : device.name);
    device_classes.push_back(here && fast_path_ ? fast_path_->device_classes().assign(device.index)
                                                : std::nullopt);
  }
  if (fast_path_ && no_fast_path_.empty())
    plan.fast_path = FastPathRules{fast_path_->folder(), std::move(device_classes)};
  return plan;
}

std::unique_ptr<KernelFastPath::Pins> Firewall::pins_for(const HookPlan& plan) const {
  return plan.fast_path ? fast_path_->pin() : nullptr;
}

void Firewall::install(const HookPlan& plan) {
  if (hooks_.hold(plan)) return;
  const auto pins = pins_for(plan);
  hooks_.install(plan);
}

std::vector<std::string> Firewall::rebind_devices() {
  if (!hooks_.are_installed()) return {};  // not started, or stopped
  std::vector<NamedDevice> devices = named_devices(written_policy(), Absent::awaited);
  std::vector<std::string> changes;
  for (std::size_t i = 0; i < devices.size(); ++i) {  // the same ones, in the order of the policy
    const NamedDevice& was = devices_.at(i);
    const NamedDevice& is = devices[i];
    if (is.index == was.index) continue;
    const std::string which = "device " + is.name + " of interface " + is.interface;
    changes.push_back(is.index == 0 ? which + " is gone: its packets are judged again when it is back"
                                    : which + " is here: its packets are judged as its interface's");
  }
  if (changes.empty()) return changes;
  install(hook_plan(written_policy(), devices));
  reloader_->rebind(bindings_of(devices), longest_takeover);
  devices_ = std::move(devices);
  return changes;
}

bool Firewall::mend_hooks() {
  if (!hooks_.are_installed() || hooks_.stand()) return false;
  const auto pins = pins_for(hooks_.plan());
  hooks_.install_again();
  return true;
}

}  // namespace vpcwall

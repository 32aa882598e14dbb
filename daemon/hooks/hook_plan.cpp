#include "daemon/hooks/hook_plan.h"

#include <algorithm>
#include <stdexcept>

namespace vpcwall {

std::string_view to_string(HookMode mode) noexcept { return mode == HookMode::router ? "router" : "host"; }

std::string_view to_string(HookBackend backend) noexcept {
  switch (backend) {
    case HookBackend::automatic: return "auto";
    case HookBackend::nft: return "nft";
    case HookBackend::xt: return "xt";
  }
  return "";
}

std::string to_string(const LocalPort& port) {
  return to_string(port.protocol) + ' ' + std::to_string(port.port);
}

std::uint16_t refusal_queue(std::uint16_t first_queue, std::uint16_t queue_count) noexcept {
  constexpr std::uint16_t last = 65'535;
  return first_queue + queue_count <= last ? last : static_cast<std::uint16_t>(first_queue - 1);
}

bool is_hookable_device(std::string_view name) noexcept {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@:-";
  constexpr std::size_t longest = 15;  // IFNAMSIZ without its end mark
  return !name.empty() && name.size() <= longest && name != "lo" && name != "." && name != ".." &&
         name.front() != '-' && name.find_first_not_of(allowed) == std::string_view::npos;
}

void require_installable(const HookPlan& plan) {
  const auto refuse = [](const std::string& what) { throw std::invalid_argument("hooks: " + what); };
  if (plan.queue_count == 0) refuse("no queue to send packets to");
  if (plan.first_queue + plan.queue_count > 65536) refuse("queue numbers end at 65535");
  if (plan.mode == HookMode::host && plan.devices.empty()) refuse("host mode needs at least one device");
  if (plan.mode == HookMode::router && plan.devices.empty() && plan.guarded.empty()) {
    refuse("router mode needs at least one guarded range or device");
  }
  if (plan.mode == HookMode::router && !plan.bypass.empty()) {
    refuse("router mode judges nothing of the host's own, so that there is nothing to let through");
  }
  if (!plan.device_indexes.empty() && plan.device_indexes.size() != plan.devices.size())
    refuse("each device has one number");
  for (const LocalPort& port : plan.bypass) {
    if (!has_ports(port.protocol) || port.port == 0) refuse("\"" + to_string(port) + "\" is no port");
  }
  const auto bad = std::find_if_not(plan.devices.begin(), plan.devices.end(),
                                    [](const std::string& name) { return is_hookable_device(name); });
  if (bad != plan.devices.end()) refuse("\"" + *bad + "\" is not a device that can be hooked");
}

}  // namespace vpcwall

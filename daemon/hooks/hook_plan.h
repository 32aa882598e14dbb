// Which packets go to the queues: a plain value, made from settings and policy, given to a HookInstaller.
//
// Router mode takes forwarded packets whose source or destination lies in a guarded range, and, where devices
// are named, every packet that enters or leaves by one of them: a forged source must not slip past. Host mode
// takes every packet that arrives or leaves by the named devices, as it is on the wire: also what this host
// forwards. The loopback device is never hooked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/mac_address.h"
#include "net/protocol.h"

namespace vpcwall {

enum class HookMode : std::uint8_t { router, host };
enum class HookBackend : std::uint8_t { automatic, nft, xt };

[[nodiscard]] std::string_view to_string(HookMode mode) noexcept;
[[nodiscard]] std::string_view to_string(HookBackend backend) noexcept;  // "auto", "nft", "xt"

// A port of this host itself.
struct LocalPort {
  Protocol protocol = Protocol::tcp;  // or udp
  std::uint16_t port = 0;
  friend bool operator==(const LocalPort&, const LocalPort&) = default;
};
[[nodiscard]] std::string to_string(const LocalPort& port);  // "tcp 22"

// How the rules find the fast path's programs: FOLDER/pass-CLASS and FOLDER/refuse-CLASS. Class 0 is for what
// leaves by no device of the plan.
struct FastPathRules {
  std::string folder;
  std::vector<std::optional<std::uint16_t>> classes;  // of HookPlan::devices; nothing: always judged
  friend bool operator==(const FastPathRules&, const FastPathRules&) = default;
};

// What host mode does at a device itself, where no packet can be queued: frames that no IP hook of this
// network namespace would meet are dropped there and counted.
struct DeviceGate {
  std::string device;  // its own name
  std::uint32_t index = 0;
  MacAddress address{};    // frames to and from other addresses belong to devices on top of it (macvlan, …)
  bool is_shared = false;  // it has such devices, so that no group of addresses may be addressed unjudged
  std::string closed;      // why nothing of it may pass, because no IP hook would meet it; empty: open
  friend bool operator==(const DeviceGate&, const DeviceGate&) = default;
};

struct HookPlan {
  HookMode mode = HookMode::router;
  std::vector<Prefix> guarded;       // router mode: the VPC's ranges, both families
  std::vector<std::string> devices;  // kernel names
  // Host mode: the kernel's numbers of `devices`, 0 for one that is not here; or empty. What has the number
  // is taken under whatever name, and what has the name under whatever number.
  std::vector<std::uint32_t> device_indexes;
  std::vector<DeviceGate> gates;  // host mode
  std::uint16_t first_queue = 0;
  std::uint16_t queue_count = 1;
  // Of the choice of a packet's queue, for back ends that make it: secret, so that nobody can aim at one
  // queue, and the same after a restart, so that packets that wait there and those that follow meet in one
  // worker.
  std::uint32_t queue_seed = 0;
  bool fail_open = false;  // pass packets unjudged while nobody reads the queues
  // Host mode only: what goes to these ports, and what comes from them, is not taken (E-26). With any of
  // them, neighbour discovery is not taken either: without it they could not be reached over IPv6 while
  // nobody judges, and what of it came from beyond the link the kernel refuses by itself (E-21). Our rules
  // only step aside: what others have to say of such a packet still counts.
  std::vector<LocalPort> bypass;
  // Consulted before the queues. Not every back end can: HookInstaller::fast_path_refusal().
  std::optional<FastPathRules> fast_path;

  friend bool operator==(const HookPlan&, const HookPlan&) = default;
};

// Packets that the fast path refuses on their way out of a host go to this queue, which drops them: dropped
// by a rule, they would come back to the program that sent them as an error, which no network does.
[[nodiscard]] std::uint16_t refusal_queue(std::uint16_t first_queue, std::uint16_t queue_count) noexcept;

// A name that a rule can state exactly: 1 to 15 letters, digits and ._@:- ("+" and "*" mean many devices to
// the rule tools), and not the loopback device.
[[nodiscard]] bool is_hookable_device(std::string_view name) noexcept;

// Throws std::invalid_argument, naming what is wrong, for a plan that cannot be or must not be installed.
void require_installable(const HookPlan& plan);

}  // namespace vpcwall

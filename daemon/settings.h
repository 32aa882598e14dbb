// daemon.yaml as a value: how the daemon runs. What it enforces is the policy's business.
//
// load_settings() is as strict as the policy reader: every unknown key, wrong kind, bad number or name of the
// text is reported with its place and nothing is guessed. It never throws. With an error among the
// diagnostics, `settings` is empty. Keys that are not written have the values below. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/role.h"
#include "daemon/hooks/hook_plan.h"
#include "daemon/metrics/listen_address.h"
#include "policy/diagnostic.h"

namespace vpcwall {

enum class FailMode : std::uint8_t {
  closed,  // while nobody judges, nothing passes
  open,    // while nobody judges, everything passes
};

// Whether the kernel answers by itself what was judged before.
enum class FastPathMode : std::uint8_t {
  automatic,  // where this kernel and the back end can
  off,
  required,  // no start without
};
[[nodiscard]] std::string_view to_string(FastPathMode mode) noexcept;  // "auto", "off", "required"

enum class LogLevel : std::uint8_t { error, warning, info, debug };
[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;

struct Settings {
  struct Queues {
    std::uint16_t first = 0;
    std::optional<std::uint16_t> count;  // none: queue_count() says
    std::uint32_t length = 2048;         // packets
    std::uint32_t copy_bytes = 192;
    std::uint32_t receive_buffer = 16U << 20U;  // bytes
    friend bool operator==(const Queues&, const Queues&) = default;
  };
  struct Control {
    std::string socket = "/run/vpcwall/control.sock";
    struct Holders {
      std::vector<std::string> users, groups;  // names or numbers
      friend bool operator==(const Holders&, const Holders&) = default;
    };
    std::string group;                      // whose members have every role, as root has; empty: none
    std::array<Holders, role_count> roles;  // by Role
    friend bool operator==(const Control&, const Control&) = default;
  };

  // What outlives the daemon: the policies that were in force, the audit log.
  struct State {
    std::string directory = "/var/lib/vpcwall";
    std::uint16_t policies = 20;          // remembered
    std::uint32_t snapshot_seconds = 30;  // between two copies of flows and counters
    friend bool operator==(const State&, const State&) = default;
  };
  struct Http {
    // 127.0.0.1:9465 unless written; none: `off`.
    std::optional<ListenAddress> listen = ListenAddress{IpAddress{0x7f00'0001'0000'0000U}, 9465};
    bool required = false;  // no start when it cannot be had; only for an address that is written
    // Names, and addresses, by which others call this host; lower case.
    std::vector<std::string> hosts;
    friend bool operator==(const Http&, const Http&) = default;
  };

  std::string policy = "/etc/vpcwall/policy.yaml";
  HookMode mode = HookMode::router;
  HookBackend backend = HookBackend::automatic;
  FailMode fail_mode = FailMode::closed;
  FastPathMode fast_path = FastPathMode::automatic;
  Queues queues;
  std::map<std::string, std::string> devices;  // policy interface (name or id) -> kernel device
  Control control;
  State state;
  Http http;
  std::uint32_t most_rule_metrics = 1000;  // rules that have metrics of their own
  LogLevel log_level = LogLevel::info;
  std::uint32_t flows_per_worker = 262'144;
  // Host mode: ports of this host that nobody judges, for whoever administers it (E-26).
  std::vector<LocalPort> management_bypass;
  bool remove_hooks_at_stop = true;
  // For tests: time stands still for the flows until the control socket moves it. No key of the file, an
  // option of the start.
  bool test_clock = false;

  friend bool operator==(const Settings&, const Settings&) = default;
};

inline constexpr std::uint16_t automatic_queues = 16;
inline constexpr std::uint16_t most_queues = 64;

// How many queues to open on a host of `cpus` processors: one for each, and with a fast path one for two, so
// that the workers leave processors to the packets that pass them by. At most automatic_queues.
[[nodiscard]] std::uint16_t queue_count(const Settings& settings, unsigned cpus, bool fast_path) noexcept;

struct LoadedSettings {
  std::optional<Settings> settings;
  std::vector<Diagnostic> diagnostics;  // in the order of the file
};

[[nodiscard]] LoadedSettings load_settings(std::string_view text, const std::string& file_name);

}  // namespace vpcwall

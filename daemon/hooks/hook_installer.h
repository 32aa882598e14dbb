// Puts a HookPlan into the kernel's ruleset and takes it out again.
//
// What a back end may touch is its own: tables of nftables that are ours alone. Only where the kernel has no
// nf_tables, chains VPCWALL-* of iptables-legacy's table `security` take their place, with one jump to each
// from a built-in chain. Everything else stays as it was, byte for byte, and an accept of ours never lets a
// packet past a rule of someone else.
//
// Rules outlive the process. So install() replaces whatever an earlier process left, in one transaction; a
// packet meets the old rules or the new ones, never none. Not thread-safe; needs CAP_NET_ADMIN,
// iptables-legacy also CAP_NET_RAW. Errors are std::runtime_error in the words of who refused.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/hooks/hook_plan.h"

namespace vpcwall {

// What of ours stands in the ruleset.
struct StandingRules {
  std::string rules;       // as text, the same whenever the same plan stands; empty: nothing
  std::string identities;  // others for rules that say the same but were written anew; not every back end's
  friend bool operator==(const StandingRules&, const StandingRules&) = default;
};

class HookInstaller {
 public:
  HookInstaller() = default;
  HookInstaller(const HookInstaller&) = delete;
  HookInstaller& operator=(const HookInstaller&) = delete;
  virtual ~HookInstaller() = default;

  // Throws std::invalid_argument for a plan that must not be installed (see require_installable).
  virtual void install(const HookPlan& plan) = 0;
  // Leaves the ruleset as if install() had never run. Nothing installed is not an error.
  virtual void remove() = 0;
  // Why the back end cannot consult the fast path; empty if it can.
  [[nodiscard]] virtual std::string fast_path_refusal() = 0;
  // Something else means that a rule is gone, new or other. Throws std::runtime_error when the ruleset cannot
  // be read.
  [[nodiscard]] virtual StandingRules standing() = 0;
  // Whether nothing else on the host can change the rules while this object lives.
  [[nodiscard]] virtual bool owns() const noexcept { return false; }
  // Frames that the gates of devices dropped since these were installed (DeviceGate); throws like standing().
  [[nodiscard]] virtual std::uint64_t dropped_at_gates() { return 0; }
  // Whether the kernel tells those who listen (NFNLGRP_NFTABLES) when rules change.
  [[nodiscard]] virtual bool changes_are_told() const noexcept { return true; }
  // For people and logs: "nft", "xt (nf_tables)", "xt (iptables-legacy)".
  [[nodiscard]] virtual std::string_view backend() const noexcept = 0;
};

// Tries each candidate on the running kernel, with rules that no packet meets, and returns the first that
// works: nftables with its own `queue`, nftables with iptables' NFQUEUE, iptables-legacy. `nft` is the first
// alone, `xt` the others. Throws std::runtime_error naming, line by line, why each was refused. `may_own`
// false: the rules have no owner, though the kernel knows owners.
[[nodiscard]] std::unique_ptr<HookInstaller> make_hook_installer(HookBackend backend, bool may_own = true);

}  // namespace vpcwall

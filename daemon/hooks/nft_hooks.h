// The nft back end: one table, `inet vpcwall`, whose rules are replaced as a whole by one transaction.
//
// Fragments are reassembled before any chain of ours because the table holds a tproxy rule: the kernel turns
// reassembly on for a namespace when such a rule appears (the socket expression of nft, unlike the xt match,
// does not do that). The rule stands in a chain that nothing jumps to, so no packet ever meets it, and it
// lives exactly as long as the other rules, also when the process is killed. Connection tracking stays out.
//
// With a fast path a second transaction inserts the rules that consult it: in between everything is judged.
#pragma once

#include <string>

#include "daemon/hooks/hook_installer.h"

namespace vpcwall {

class NftHooks : public HookInstaller {
 public:
  void install(const HookPlan& plan) override;
  void remove() override;
  [[nodiscard]] std::string_view backend() const noexcept override { return "nft"; }
  [[nodiscard]] std::string fast_path_refusal() const override;
  [[nodiscard]] StandingRules standing() const override;

  // Why this kernel cannot take our rules; empty if it can. Changes nothing.
  [[nodiscard]] static std::string refusal();
};

}  // namespace vpcwall

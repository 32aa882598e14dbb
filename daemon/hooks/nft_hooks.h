// The nftables back end: tables of our own, and nothing anywhere else.
//
// `nft` ends in nftables' own `queue`, `xt` in iptables' NFQUEUE by the kernel's bridge to it; both are one
// thing otherwise. Where the kernel lets a table have an owner that it outlives (Linux 6.9), this object owns
// them: nothing else on the host can change or flush them while it lives, and they stay when it ends.
#pragma once

#include <string>
#include <vector>

#include "daemon/hooks/hook_installer.h"
#include "daemon/hooks/nft_connection.h"

namespace vpcwall {

class NftHooks : public HookInstaller {
 public:
  // Throws std::system_error where there is no netlink to netfilter.
  explicit NftHooks(QueueVerdict verdict, bool may_own = true);

  void install(const HookPlan& plan) override;
  void remove() override;
  [[nodiscard]] std::string_view backend() const noexcept override {
    return verdict_ == QueueVerdict::expression ? "nft" : "xt (nf_tables)";
  }
  [[nodiscard]] std::string fast_path_refusal() override;
  [[nodiscard]] StandingRules standing() override;
  [[nodiscard]] bool owns() const noexcept override { return owned_; }
  [[nodiscard]] std::uint64_t dropped_at_gates() override;

  // Why this kernel cannot take our rules; empty if it can. Changes nothing.
  [[nodiscard]] std::string refusal();

 private:
  QueueVerdict verdict_;
  NftConnection nftables_;
  bool owned_;
  std::vector<NftTable> installed_;
  bool cleaned_ = false;  // of what an earlier version left
};

}  // namespace vpcwall

#include "daemon/hooks/hook_installer.h"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "daemon/hooks/nft_hooks.h"
#include "daemon/hooks/xt_hooks.h"

namespace vpcwall {
namespace {

// The back end in use, and those that an earlier process may have used: a killed daemon's rules must not go
// on sending packets to queues that nobody reads, whichever tool wrote them.
class SoleInstaller : public HookInstaller {
 public:
  SoleInstaller(std::unique_ptr<HookInstaller> chosen, std::vector<std::unique_ptr<HookInstaller>> others)
      : chosen_(std::move(chosen)), others_(std::move(others)) {}

  void install(const HookPlan& plan) override {
    // New rules first: no packet passes unjudged in between.
    chosen_->install(plan);
    remove_others();
  }
  void remove() override {
    chosen_->remove();
    remove_others();
  }
  [[nodiscard]] std::string_view backend() const noexcept override { return chosen_->backend(); }
  [[nodiscard]] std::string fast_path_refusal() const override { return chosen_->fast_path_refusal(); }
  [[nodiscard]] StandingRules standing() const override { return chosen_->standing(); }
  [[nodiscard]] bool changes_are_told() const noexcept override { return chosen_->changes_are_told(); }

 private:
  void remove_others() {
    for (const std::unique_ptr<HookInstaller>& other : others_) {
      try {
        other->remove();
      } catch (const std::runtime_error&) {
        // A tool that is missing or does not work on this kernel has left nothing behind either.
      }
    }
  }

  std::unique_ptr<HookInstaller> chosen_;
  std::vector<std::unique_ptr<HookInstaller>> others_;
};

}  // namespace

std::unique_ptr<HookInstaller> make_hook_installer(HookBackend backend, bool for_fast_path) {
  std::unique_ptr<HookInstaller> chosen;
  std::vector<std::unique_ptr<HookInstaller>> others;
  std::string refusals;
  const auto consider = [&](std::unique_ptr<HookInstaller> candidate, bool wanted, const auto& refusal_of) {
    if (wanted && !chosen) {
      const std::string refusal = refusal_of();
      if (refusal.empty()) {
        chosen = std::move(candidate);
        return;
      }
      refusals += "\n  " + std::string(candidate->backend()) + ": " + refusal;
    }
    others.push_back(std::move(candidate));
  };
  const auto consider_nft = [&] {
    consider(std::make_unique<NftHooks>(), backend != HookBackend::xt, [] { return NftHooks::refusal(); });
  };
  const auto consider_xt = [&](const XtVariant& variant) {
    auto hooks = std::make_unique<XtHooks>(variant);
    XtHooks& probed = *hooks;
    consider(std::move(hooks), backend != HookBackend::nft, [&probed] { return probed.refusal(); });
  };

  if (for_fast_path && !NftHooks().fast_path_refusal().empty()) {
    consider_xt(xt_variants.front());
    consider_nft();
    consider_xt(xt_variants.back());
  } else {
    consider_nft();
    for (const XtVariant& variant : xt_variants) consider_xt(variant);
  }
  if (!chosen) {
    throw std::runtime_error("no way to install hooks on this kernel (backend: " +
                             std::string(to_string(backend)) + "):" + refusals);
  }
  return std::make_unique<SoleInstaller>(std::move(chosen), std::move(others));
}

}  // namespace vpcwall

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
  [[nodiscard]] std::string fast_path_refusal() override { return chosen_->fast_path_refusal(); }
  [[nodiscard]] StandingRules standing() override { return chosen_->standing(); }
  [[nodiscard]] bool owns() const noexcept override { return chosen_->owns(); }
  [[nodiscard]] std::uint64_t dropped_at_gates() override { return chosen_->dropped_at_gates(); }
  [[nodiscard]] bool changes_are_told() const noexcept override { return chosen_->changes_are_told(); }

 private:
  // Once: their tools read whatever rules there are, and take their time.
  void remove_others() {
    for (const std::unique_ptr<HookInstaller>& other : std::exchange(others_, {})) {
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

std::unique_ptr<HookInstaller> make_hook_installer(HookBackend backend, bool may_own) {
  std::unique_ptr<HookInstaller> chosen;
  std::string refusals;
  const auto refuse = [&refusals](std::string_view name, const std::string& refusal) {
    refusals += "\n  " + std::string(name) + ": " + refusal;
  };
  for (const QueueVerdict verdict : {QueueVerdict::expression, QueueVerdict::target}) {
    const HookBackend kind = verdict == QueueVerdict::expression ? HookBackend::nft : HookBackend::xt;
    if (chosen || (backend != HookBackend::automatic && backend != kind)) continue;
    auto hooks = std::make_unique<NftHooks>(verdict, may_own);
    const std::string refusal = hooks->refusal();
    if (refusal.empty())
      chosen = std::move(hooks);
    else
      refuse(hooks->backend(), refusal);
  }
  // What an earlier version wrote with iptables-nft goes; so does what another process wrote with the rest.
  std::vector<std::unique_ptr<HookInstaller>> others;
  others.push_back(std::make_unique<XtHooks>(xt_variants.front()));
  auto legacy = std::make_unique<XtHooks>(xt_variants.back());
  if (!chosen && backend != HookBackend::nft) {
    const std::string refusal = legacy->refusal();
    if (!refusal.empty())
      refuse(legacy->backend(), refusal);
    else
      chosen = std::move(legacy);
  }
  if (legacy) others.push_back(std::move(legacy));
  if (!chosen) {
    throw std::runtime_error("no way to install hooks on this kernel (backend: " +
                             std::string(to_string(backend)) + "):" + refusals);
  }
  return std::make_unique<SoleInstaller>(std::move(chosen), std::move(others));
}

}  // namespace vpcwall

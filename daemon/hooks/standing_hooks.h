// The hook rules of one plan, and whether they still stand as they were installed.
//
//   StandingHooks hooks(make_hook_installer(backend));
//   if (!hooks.hold(plan)) hooks.install(plan);
//   if (!hooks.stand()) hooks.install_again();     // whenever somebody has changed rules
//
// Whoever removes rules may also remove those that were installed a moment ago, before anybody looked at what
// stands. So what is found just after an installation is believed only if it is what the same plan left
// before; if it is not, the rules do not stand, and the next look installs them again. One gap is left: what
// goes, in part, within the milliseconds after a plan was installed for the first time. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/hooks/hook_installer.h"

namespace vpcwall {

class StandingHooks {
 public:
  explicit StandingHooks(std::unique_ptr<HookInstaller> installer) : installer_(std::move(installer)) {}

  // Whether `plan` is the installed one.
  [[nodiscard]] bool hold(const HookPlan& plan) const { return installed_ && plan == plan_; }
  // Throws like HookInstaller::install(), and then the plan before is still the installed one.
  void install(const HookPlan& plan);
  // Whether all that was installed stands. True, too, where the ruleset could not be read after it.
  // Throws std::runtime_error when it cannot be read now.
  [[nodiscard]] bool stand();
  // Throws like install().
  void install_again();
  // Throws std::runtime_error. Nothing is installed any more.
  void remove();

  [[nodiscard]] bool are_installed() const noexcept { return installed_; }
  [[nodiscard]] const HookPlan& plan() const noexcept { return plan_; }
  [[nodiscard]] std::uint64_t installed_again() const noexcept { return installed_again_; }
  [[nodiscard]] HookInstaller& installer() noexcept { return *installer_; }

 private:
  void look();

  std::unique_ptr<HookInstaller> installer_;
  HookPlan plan_;
  bool installed_ = false;
  std::optional<StandingRules> standing_;  // just after the installation; nothing: cannot be read
  std::string whole_;                      // the rules of `plan_` as they first stood
  std::uint64_t installed_again_ = 0;
};

}  // namespace vpcwall

#include "daemon/hooks/standing_hooks.h"

#include <spdlog/spdlog.h>

#include <stdexcept>

namespace vpcwall {

void StandingHooks::install(const HookPlan& plan) {
  installer_->install(plan);
  plan_ = plan;
  installed_ = true;
  whole_.clear();
  look();
}

bool StandingHooks::stand() {
  if (!standing_) return true;
  return !standing_->rules.empty() && standing_->rules == whole_ && installer_->standing() == *standing_;
}

void StandingHooks::install_again() {
  installer_->install(plan_);
  ++installed_again_;
  look();
}

void StandingHooks::remove() {
  installer_->remove();
  installed_ = false;
}

void StandingHooks::look() {
  try {
    standing_ = installer_->standing();
    if (whole_.empty()) whole_ = standing_->rules;
  } catch (const std::runtime_error& error) {
    standing_.reset();
    spdlog::warn("should somebody else remove the hook rules, nobody will notice: {}", error.what());
  }
}

}  // namespace vpcwall

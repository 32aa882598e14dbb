// The xt back end: own chains in the table `security`, written by iptables-restore and ip6tables-restore.
//
// The rule tools exist in two kinds. The nft kind is preferred: it leaves nothing behind, while a legacy
// table keeps its (empty) hooks on the packet path from the first touch until the namespace ends.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/hooks/hook_installer.h"
#include "daemon/hooks/xt_rules.h"

namespace vpcwall {

struct XtVariant {
  std::string_view label;       // for people
  std::string_view ipv4, ipv6;  // names of the tools without "-restore" and "-save"
  std::string_view names_file;  // under /proc/…/net/: the legacy tables in use; empty for the nft kind

  [[nodiscard]] bool is_legacy() const noexcept { return !names_file.empty(); }
};

inline constexpr std::array<XtVariant, 2> xt_variants{{
    {"xt (iptables-nft)", "iptables-nft", "ip6tables-nft", ""},
    {"xt (iptables-legacy)", "iptables-legacy", "ip6tables-legacy", "tables_names"},
}};

class XtHooks : public HookInstaller {
 public:
  explicit XtHooks(const XtVariant& variant) : variant_(variant) {}

  void install(const HookPlan& plan) override;
  void remove() override;
  [[nodiscard]] std::string_view backend() const noexcept override { return variant_.label; }
  [[nodiscard]] std::string fast_path_refusal() override;
  [[nodiscard]] StandingRules standing() override;
  [[nodiscard]] bool changes_are_told() const noexcept override { return !variant_.is_legacy(); }

  // Why these tools cannot install our rules on this kernel; empty if they can. Leaves no trace, save that
  // the legacy kind touches its table.
  [[nodiscard]] std::string refusal();

 private:
  [[nodiscard]] std::string save(Family family) const;
  [[nodiscard]] XtState read_state(Family family) const;
  void restore(Family family, const std::string& text) const;
  void install(const HookPlan& plan, Family family, const XtState& state);
  void remove(Family family, const XtState& state) const;
  [[nodiscard]] bool is_untouched(Family family) const;

  XtVariant variant_;
  bool installed_ = false;  // by this process
  // What this process made: the note of it in the ruleset is gone when somebody removed our rules.
  std::map<Family, std::vector<std::string>> made_;
};

}  // namespace vpcwall

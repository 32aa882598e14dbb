// The one place where a text becomes the policy in force, whoever asks for it, and the way back.
//
//   PolicyChanges changes(settings, firewall);
//   changes.began(text, settings.policy, PolicySource::file);      // once the firewall has started
//   changes.reload(asker);                         // the policy file again
//   changes.apply(asker, text, "new.yaml", 60s);   // in force now; gone after a minute unless…
//   changes.confirm(asker);                        // …it is confirmed
//   changes.revert_if_due(now());                  // call at due() or later
//
// The policy file is the only truth about what is to be in force: apply() and rollback() replace it, and with
// a time to confirm only confirm() does. So a daemon that ends in between, in whatever way, starts again with
// the policy that was confirmed last. Nothing is brought into force whose text cannot be kept. While a policy
// waits to be confirmed no other change is taken. History and audit log stand in the state directory
// (policy_history.h, audit_log.h); without one there is no apply() and no way back, and reload() goes on
// working.
//
// Nothing here throws: what went wrong is among the diagnostics. Control thread only.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/change/asker.h"
#include "daemon/change/audit_log.h"
#include "daemon/change/policy_history.h"
#include "daemon/firewall.h"
#include "daemon/settings.h"

namespace vpcwall {

struct ChangeOutcome {
  std::vector<std::string> diagnostics;  // errors and warnings, a line each
  std::optional<ReloadReport> report;    // none: refused, and the old policy stays
  double milliseconds = 0;
  std::uint64_t number = 0;  // in the history; 0: it is not there (yet)
  std::optional<Duration> confirm_within;
};

enum class PolicySource : std::uint8_t { file, applied, last_known_good };
[[nodiscard]] std::string_view to_string(PolicySource source) noexcept;

// A policy as text, with the name that diagnostics give it.
struct PolicyText {
  std::string text;
  std::string name;
};

class PolicyChanges {
 public:
  PolicyChanges(const Settings& settings, Firewall& firewall, std::optional<PolicyHistory> history,
                std::string no_history);

  void began(PolicyText text, PolicySource source, const std::vector<std::string>& diagnostics);

  ChangeOutcome reload(const Asker& asker);
  ChangeOutcome apply(const Asker& asker, PolicyText candidate, std::optional<Duration> confirm_within);
  // Back to a policy of the history, or to the one before that in force; while one waits to be confirmed,
  // from that to the one before it.
  ChangeOutcome rollback(const Asker& asker, std::optional<std::uint64_t> number,
                         std::optional<Duration> confirm_within);
  ChangeOutcome confirm(const Asker& asker);

  // A line in the audit log about what is not a change, but was asked for by the same people.
  void note(const Asker& asker, const nlohmann::ordered_json& what) { audit_.note(asker, what); }
  // One about what was refused.
  void note_refused(const Asker& asker, const nlohmann::ordered_json& what) {
    audit_.note_refused(asker, what);
  }
  [[nodiscard]] const AuditLog& audit() const noexcept { return audit_; }

  // When the policy that waits to be confirmed goes, by now().
  [[nodiscard]] std::optional<TimePoint> due() const;
  void revert_if_due(TimePoint now);
  // The daemon stops: what waits to be confirmed will not come back.
  void ending();

  [[nodiscard]] const PolicyText& in_force() const noexcept { return in_force_; }
  [[nodiscard]] PolicySource source() const noexcept { return source_; }
  [[nodiscard]] const std::string& digest() const noexcept { return digest_; }
  [[nodiscard]] const PolicyHistory* history() const noexcept { return history_ ? &*history_ : nullptr; }
  // Why there is none; empty if there is.
  [[nodiscard]] const std::string& no_history() const noexcept { return no_history_; }
  // How often the policy in force was changed, and a change was refused, since the start.
  [[nodiscard]] std::uint64_t accepted() const noexcept { return accepted_; }
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }
  // How the last change ended; true before any.
  [[nodiscard]] bool last_accepted() const noexcept { return last_accepted_; }
  // When the policy in force came into force.
  [[nodiscard]] std::chrono::system_clock::time_point since() const noexcept { return since_; }

 private:
  struct Unconfirmed {
    PolicyText before;
    PolicySource source_before = PolicySource::file;
    TimePoint due;
    std::string how;
    Asker asker;
    std::vector<std::string> why_it_stays;  // when it could not be reverted last time; said once
  };

  ChangeOutcome change(const Asker& asker, PolicyText candidate, const std::string& how,
                       std::optional<Duration> confirm_within);
  [[nodiscard]] std::string objection(std::optional<Duration> confirm_within) const;
  [[nodiscard]] ChangeOutcome refusal(const Asker& asker, const std::string& how, std::string why);
  [[nodiscard]] bool bring_into_force(const PolicyText& candidate, ChangeOutcome& outcome,
                                      Firewall::Absent absent = Firewall::Absent::refused);
  void take(PolicyText text, PolicySource source);
  void remember(const std::string& how, const Asker& asker, ChangeOutcome& outcome);
  void finish(const Asker& asker, const std::string& how, TimePoint begin, ChangeOutcome& outcome);
  ChangeOutcome revert(const Asker& asker, const std::string& why);

  const Settings& settings_;
  Firewall& firewall_;
  std::optional<PolicyHistory> history_;
  std::string no_history_;
  AuditLog audit_;
  PolicyText in_force_;
  std::string digest_;
  PolicySource source_ = PolicySource::file;
  std::optional<Unconfirmed> unconfirmed_;
  std::uint64_t accepted_ = 0, refused_ = 0;
  bool last_accepted_ = true;
  std::chrono::system_clock::time_point since_;
};

}  // namespace vpcwall

// The one place where a text becomes the policy in force, whoever asks for it, and the way back.
//
//   PolicyChanges changes(settings, force_of(firewall), …);
//   changes.began(text, settings.policy, PolicySource::file);      // once the firewall has started
//   changes.reload(asker, done);                         // the policy file again
//   changes.apply(asker, text, "new.yaml", 60s, done);   // in force soon; gone after a minute unless…
//   changes.confirm(asker);                              // …it is confirmed
//   changes.advance();                                   // when event_fd() is readable
//   changes.revert_if_due(now());                        // call at due() or later
//
// Nothing here waits for a policy to be read, checked or compiled: that happens on a thread of its own
// (preparation.h), for one change at a time; others wait in order, `most_waiting` at most. `done` is told the
// outcome from advance(), or at once where a change is refused at once. What comes into force does so on this
// thread, in one step. So there is nothing to undo when a change is given up while it is prepared.
//
// The policy file is the only truth about what is to be in force: apply() and rollback() replace it, and with
// a time to confirm only confirm() does. So a daemon that ends in between, in whatever way, starts again with
// the policy that was confirmed last. Nothing is brought into force whose text cannot be kept. While a policy
// waits to be confirmed no other change is taken, and the one before it is kept ready: the way back compiles
// nothing and waits for nobody. History and audit log stand in the state directory (policy_history.h,
// audit_log.h); without one there is no apply() and no way back, and reload() goes on working.
//
// Nothing here throws: what went wrong is among the diagnostics. Control thread only.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/background_job.h"
#include "daemon/change/asker.h"
#include "daemon/change/audit_log.h"
#include "daemon/change/policy_history.h"
#include "daemon/change/preparation.h"
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

// Where policies come into force: a Firewall, or a test's own.
struct PolicyForce {
  std::function<std::shared_ptr<const PreparedPolicy>()> in_force;
  // Throws std::runtime_error when it cannot be; then the old one still is.
  std::function<ReloadReport(std::shared_ptr<const PreparedPolicy>, Firewall::Absent)> bring;
  std::function<std::uint64_t()> generation;
  // Of a policy's devices, those that are here. Any thread.
  std::function<std::vector<DeviceBinding>(const Policy&)> devices;
};
[[nodiscard]] PolicyForce force_of(Firewall& firewall);

// "60 s", rounded up.
[[nodiscard]] std::string in_seconds(Duration duration);

// A change whose policy is being prepared.
struct InPreparation {
  std::string how, name;  // "apply", "new.yaml"
  Asker asker;
  TimePoint since;
  std::size_t waiting = 0;  // changes that come after it
};

class PolicyChanges {
 public:
  static constexpr std::size_t most_waiting = 8;

  using Prepare = std::function<Preparation(const PreparationOrder&, const std::stop_token&)>;
  using Done = std::function<void(const ChangeOutcome&)>;
  // A candidate that is not to come into force; without `policy` it was refused.
  using Tried = std::function<void(Preparation)>;

  // `prepare` runs on another thread.
  PolicyChanges(const Settings& settings, PolicyForce force, std::optional<PolicyHistory> history,
                std::string no_history, Prepare prepare = prepare_policy);

  void began(PolicyText text, PolicySource source, const std::vector<std::string>& diagnostics);

  // A SIGHUP that comes while another one waits for its turn is answered by that one's reload.
  void reload(const Asker& asker, Done done);
  void apply(const Asker& asker, PolicyText candidate, std::optional<Duration> confirm_within, Done done);
  // Back to a policy of the history, or to the one before that in force; while one waits to be confirmed,
  // from that to the one before it, at once.
  void rollback(const Asker& asker, std::optional<std::uint64_t> number,
                std::optional<Duration> confirm_within, Done done);
  // At once. What is being prepared cannot be confirmed yet.
  ChangeOutcome confirm(const Asker& asker);
  // Prepares what is to be tried beside the policy in force.
  void prepare_trial(const Asker& asker, PolicyText candidate, Tried tried);

  // Readable when advance() has something to do.
  [[nodiscard]] int event_fd() const noexcept { return preparer_.event_fd(); }
  void advance();
  [[nodiscard]] std::optional<InPreparation> preparing() const;

  // A line in the audit log about what is not a change, but was asked for by the same people.
  void note(const Asker& asker, const nlohmann::ordered_json& what) { audit_.note(asker, what); }

  // When the policy that waits to be confirmed goes, by now().
  [[nodiscard]] std::optional<TimePoint> due() const;
  void revert_if_due(TimePoint now);
  // The daemon stops: what is being prepared, and whatever waits, is refused; what waits to be confirmed will
  // not come back.
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
    std::shared_ptr<const PreparedPolicy> way_back;
    TimePoint due;
    std::string how;
    Asker asker;
    std::vector<std::string> why_it_stays;  // when it could not be reverted last time; said once
  };
  // A change that somebody waits for. `how` is what the audit log calls it.
  struct Wanted {
    enum class Kind : std::uint8_t { reload, apply, rollback, trial };
    Kind kind = Kind::reload;
    Asker asker;
    std::string how;
    PolicyText text;                      // only its name where it is yet to be read
    std::optional<std::uint64_t> number;  // of the history
    std::optional<Duration> confirm_within;
    Done done;
    Tried tried;
    TimePoint begun;

    [[nodiscard]] bool is_kept() const noexcept { return kind == Kind::apply || kind == Kind::rollback; }
  };

  // policy_changes_queue.cpp: whose turn it is.
  void want(Wanted wanted);
  [[nodiscard]] std::string objection(const Wanted& wanted) const;
  void start(Wanted wanted);
  [[nodiscard]] std::optional<std::uint64_t> last_other_policy() const;
  [[nodiscard]] PreparationOrder order_for(Wanted& wanted) const;  // takes its text
  void refuse(const Wanted& wanted, std::string why);
  void complete(Wanted wanted, Preparation made);

  [[nodiscard]] ChangeOutcome change(const Wanted& wanted, Preparation made);
  [[nodiscard]] bool note_unconfirmed(const Wanted& wanted, const std::string& digest,
                                      ChangeOutcome& outcome) const;
  void forget_note() const;
  [[nodiscard]] bool bring_into_force(std::shared_ptr<const PreparedPolicy> policy, ChangeOutcome& outcome,
                                      Firewall::Absent absent = Firewall::Absent::refused);
  [[nodiscard]] ChangeOutcome refusal(const Asker& asker, const std::string& how, std::string why);
  void take(PolicyText text, std::string digest, PolicySource source);
  void remember(const std::string& how, const Asker& asker, ChangeOutcome& outcome);
  void finish(const Asker& asker, const std::string& how, TimePoint begin, ChangeOutcome& outcome);
  ChangeOutcome revert(const Asker& asker, const std::string& why);

  const Settings& settings_;
  PolicyForce force_;
  std::optional<PolicyHistory> history_;
  std::string no_history_;
  Prepare prepare_;
  AuditLog audit_;
  PolicyText in_force_;
  std::string digest_;
  PolicySource source_ = PolicySource::file;
  std::optional<Unconfirmed> unconfirmed_;
  std::uint64_t accepted_ = 0, refused_ = 0;
  bool last_accepted_ = true;
  std::chrono::system_clock::time_point since_;
  std::deque<Wanted> waiting_;
  std::optional<Wanted> preparing_;
  bool ending_ = false;
  BackgroundJob<Preparation> preparer_;  // last: its thread may look at the history
};

}  // namespace vpcwall

#include "daemon/change/policy_changes.h"

#include <spdlog/spdlog.h>

#include <cmath>
#include <exception>
#include <utility>

#include "daemon/change/digest.h"
#include "daemon/change/durable_file.h"
#include "daemon/log/log.h"
#include "daemon/text_file.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

std::string audit_path(const Settings& settings, bool there) {
  return there ? settings.state.directory + "/audit.log" : std::string();
}

// A note for the next start: what it says was in force will not be.
std::string note_path(const Settings& settings) { return settings.state.directory + "/unconfirmed.json"; }

}  // namespace

std::string in_seconds(Duration duration) {
  return std::to_string(std::llround(std::ceil(std::chrono::duration<double>(duration).count()))) + " s";
}

PolicyForce force_of(Firewall& firewall) {
  return {[&firewall] { return firewall.in_force(); },
          [&firewall](std::shared_ptr<const PreparedPolicy> next, Firewall::Absent absent) {
            return firewall.reload(std::move(next), absent);
          },
          [&firewall] { return firewall.policy()->generation; },
          [&firewall](const Policy& policy) { return firewall.devices_of(policy); }};
}

std::string_view to_string(PolicySource source) noexcept {
  switch (source) {
    case PolicySource::file: return "file";
    case PolicySource::applied: return "applied";
    case PolicySource::last_known_good: return "last-known-good";
  }
  return "";
}

PolicyChanges::PolicyChanges(const Settings& settings, PolicyForce force,
                             std::optional<PolicyHistory> history, std::string no_history, Prepare prepare)
    : settings_(settings),
      force_(std::move(force)),
      history_(std::move(history)),
      no_history_(std::move(no_history)),
      prepare_(std::move(prepare)),
      audit_(audit_path(settings, history_.has_value())) {}

void PolicyChanges::began(PolicyText text, PolicySource source, const std::vector<std::string>& diagnostics) {
  const Asker asker;
  const bool good = source == PolicySource::file;
  std::string digest = digest_of(text.text);
  take(std::move(text), std::move(digest), source);
  if (history_) {
    if (const auto note = read_text_file(note_path(settings_), max_policy_bytes)) {
      auto unconfirmed = nlohmann::ordered_json::parse(*note, nullptr, false);
      if (unconfirmed.is_discarded()) unconfirmed = nullptr;
      // A daemon that is killed just after the confirmation leaves the note, though the policy stays.
      const bool confirmed = unconfirmed.is_object() && unconfirmed.contains("digest") &&
                             unconfirmed.at("digest") == nlohmann::ordered_json(digest_);
      if (!confirmed) {
        spdlog::warn("a policy was in force that nobody had confirmed when the daemon ended; it has gone");
        audit_.note(asker, {{"event", "reverted"},
                            {"why", "the daemon ended before it was confirmed"},
                            {"unconfirmed", unconfirmed}});
      }
      forget_note();
    }
  }
  ChangeOutcome outcome;
  if (good) remember("start", asker, outcome);
  audit_.note(asker, {{"event", "start"},
                      {"source", to_string(source)},
                      {"digest", digest_},
                      {"generation", force_.generation()},
                      {"diagnostics", diagnostics}});
}

void PolicyChanges::take(PolicyText text, std::string digest, PolicySource source) {
  digest_ = std::move(digest);
  in_force_ = std::move(text);
  source_ = source;
  since_ = std::chrono::system_clock::now();
}

// It is in force by now: that it cannot be remembered is said, and changes nothing.
void PolicyChanges::remember(const std::string& how, const Asker& asker, ChangeOutcome& outcome) {
  if (!history_) return;
  try {
    outcome.number = history_->keep(in_force_.text, how, asker).number;
  } catch (const std::exception& error) {
    outcome.diagnostics.push_back("the policy is in force, but the history has no place for it: " +
                                  std::string(error.what()));
  }
}

bool PolicyChanges::bring_into_force(std::shared_ptr<const PreparedPolicy> policy, ChangeOutcome& outcome,
                                     Firewall::Absent absent) {
  try {
    outcome.report = force_.bring(std::move(policy), absent);
  } catch (const std::exception& error) {
    outcome.diagnostics.emplace_back(error.what());
  }
  return outcome.report.has_value();
}

ChangeOutcome PolicyChanges::refusal(const Asker& asker, const std::string& how, std::string why) {
  ChangeOutcome outcome;
  outcome.diagnostics.push_back(std::move(why));
  finish(asker, how, now(), outcome);
  return outcome;
}

// The next start has to know that what was in force will not be.
bool PolicyChanges::note_unconfirmed(const Wanted& wanted, const std::string& digest,
                                     ChangeOutcome& outcome) const {
  if (!wanted.confirm_within) return true;
  const nlohmann::ordered_json note{{"digest", digest}, {"how", wanted.how}, {"by", to_string(wanted.asker)}};
  try {
    replace_file(note_path(settings_), note.dump() + '\n');
    return true;
  } catch (const std::exception& error) {
    outcome.diagnostics.emplace_back("the policy cannot be kept, so it is not tried: " +
                                     std::string(error.what()));
    return false;
  }
}

void PolicyChanges::forget_note() const {
  std::error_code ignored;
  std::filesystem::remove(note_path(settings_), ignored);
}

// All that came before has changed nothing yet.
ChangeOutcome PolicyChanges::change(const Wanted& wanted, Preparation made) {
  ChangeOutcome outcome;
  outcome.diagnostics = std::move(made.diagnostics);
  if (made.policy && note_unconfirmed(wanted, made.digest, outcome) &&
      bring_into_force(made.policy, outcome)) {
    bool kept = true;
    if (wanted.confirm_within) {
      unconfirmed_ = Unconfirmed{
          in_force_,    source_, std::move(made.way_back), now() + *wanted.confirm_within, wanted.how,
          wanted.asker, {}};
      outcome.confirm_within = wanted.confirm_within;
    } else if (made.file) {
      try {
        made.file->commit();
      } catch (const std::exception& error) {
        kept = false;
        outcome.diagnostics.emplace_back("in force, but lost at the next start: " +
                                         std::string(error.what()));
      }
    }
    take(std::move(made.text), std::move(made.digest),
         wanted.is_kept() ? PolicySource::applied : PolicySource::file);
    if (kept && !wanted.confirm_within) remember(wanted.how, wanted.asker, outcome);
  }
  if (wanted.confirm_within && !unconfirmed_) forget_note();
  finish(wanted.asker, wanted.how, wanted.begun, outcome);
  return outcome;
}

ChangeOutcome PolicyChanges::confirm(const Asker& asker) {
  const TimePoint begin = now();
  if (!unconfirmed_)
    return refusal(asker, "confirm",
                   preparing_ && preparing_->confirm_within
                       ? "no policy waits to be confirmed yet: one is being prepared, and is not in force"
                       : "no policy waits to be confirmed");
  ChangeOutcome outcome;
  try {
    replace_file(settings_.policy, in_force_.text);
  } catch (const std::exception& error) {
    return refusal(asker, "confirm",
                   "it still waits to be confirmed, because it cannot be kept: " + std::string(error.what()));
  }
  const Unconfirmed was = std::move(*unconfirmed_);
  unconfirmed_.reset();
  forget_note();
  outcome.report = ReloadReport{};
  outcome.report->generation = force_.generation();
  outcome.report->everywhere = true;
  remember(was.how, was.asker, outcome);
  finish(asker, "confirm", begin, outcome);
  return outcome;
}

std::optional<TimePoint> PolicyChanges::due() const {
  return unconfirmed_ ? std::optional(unconfirmed_->due) : std::nullopt;
}

void PolicyChanges::revert_if_due(TimePoint now) {
  if (unconfirmed_ && now >= unconfirmed_->due)
    (void)revert({.by = "deadline"}, "nobody confirmed it in time");
}

ChangeOutcome PolicyChanges::revert(const Asker& asker, const std::string& why) {
  const TimePoint begin = now();
  ChangeOutcome outcome;
  // A device of it may have gone meanwhile, perhaps because of what is to be undone.
  if (!bring_into_force(unconfirmed_->way_back, outcome, Firewall::Absent::awaited)) {
    // It was in force a moment ago, so that something on the outside has changed: tried again until it works.
    unconfirmed_->due = begin + std::chrono::seconds(1);
    if (std::exchange(unconfirmed_->why_it_stays, outcome.diagnostics) == outcome.diagnostics) return outcome;
  } else {
    std::string digest = digest_of(unconfirmed_->before.text);
    take(std::move(unconfirmed_->before), std::move(digest), unconfirmed_->source_before);
    unconfirmed_.reset();
    forget_note();
  }
  finish(asker, "revert (" + why + ")", begin, outcome);
  return outcome;
}

void PolicyChanges::ending() {
  ending_ = true;
  preparer_.stop();
  if (preparing_) refuse(*std::exchange(preparing_, std::nullopt), {});
  for (; !waiting_.empty(); waiting_.pop_front()) refuse(waiting_.front(), {});
  if (!unconfirmed_) return;
  spdlog::warn("the policy in force was not confirmed: the next start is with the one before");
  audit_.note({.by = "stop"}, {{"event", "stop"}, {"unconfirmed", digest_}});
}

void PolicyChanges::finish(const Asker& asker, const std::string& how, TimePoint begin,
                           ChangeOutcome& outcome) {
  outcome.milliseconds = std::chrono::duration<double, std::milli>(now() - begin).count();
  for (const std::string& line : outcome.diagnostics)
    log_event(spdlog::level::warn, {{"EVENT", "diagnostic"}}, line);
  const std::uint64_t generation = force_.generation();
  ++(outcome.report ? accepted_ : refused_);
  if (how != "confirm") last_accepted_ = outcome.report.has_value();  // which changes nothing
  audit_.note(asker, {{"event", how},
                      {"accepted", outcome.report.has_value()},
                      {"generation", generation},
                      {"digest", digest_},
                      {"number", outcome.number},
                      {"diagnostics", outcome.diagnostics}});
  LogFields fields{{"EVENT", outcome.report ? how.substr(0, how.find(' ')) : "refused"},
                   {"GENERATION", std::to_string(generation)},
                   {"POLICY", in_force_.name},
                   {"ASKED_BY", to_string(asker)}};
  if (!outcome.report) {
    log_event(spdlog::level::err, fields,
              fmt::format("{} asked by {}: refused, the policy of generation {} stays in force", how,
                          to_string(asker), generation));
    return;
  }
  fields.push_back({"ADDED", std::to_string(outcome.report->added.size())});
  fields.push_back({"REMOVED", std::to_string(outcome.report->removed.size())});
  fields.push_back({"CHANGED", std::to_string(outcome.report->changed.size())});
  log_event(
      spdlog::level::info, fields,
      fmt::format("{} asked by {}: generation {} in force, {} rules added, {} removed, {} changed, {:.1f} ms",
                  how, to_string(asker), generation, outcome.report->added.size(),
                  outcome.report->removed.size(), outcome.report->changed.size(), outcome.milliseconds));
  if (outcome.confirm_within)
    spdlog::warn("generation {} goes again in {} unless it is confirmed", generation,
                 in_seconds(*outcome.confirm_within));
  if (!outcome.report->everywhere)
    spdlog::error("{}: a worker has not taken generation {} over yet", how, generation);
}

}  // namespace vpcwall

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

std::string audit_directory(const Settings& settings, bool there) {
  return there ? settings.state.directory : std::string();
}

// A note for the next start: what it says was in force will not be.
std::string note_path(const Settings& settings) { return settings.state.directory + "/unconfirmed.json"; }

std::string in_words(Duration duration) {
  return std::to_string(std::llround(std::ceil(std::chrono::duration<double>(duration).count()))) + " s";
}

}  // namespace

std::string_view to_string(PolicySource source) noexcept {
  switch (source) {
    case PolicySource::file: return "file";
    case PolicySource::applied: return "applied";
    case PolicySource::last_known_good: return "last-known-good";
  }
  return "";
}

PolicyChanges::PolicyChanges(const Settings& settings, Firewall& firewall,
                             std::optional<PolicyHistory> history, std::string no_history)
    : settings_(settings),
      firewall_(firewall),
      history_(std::move(history)),
      no_history_(std::move(no_history)),
      audit_(audit_directory(settings, history_.has_value())) {}

void PolicyChanges::began(PolicyText text, PolicySource source, const std::vector<std::string>& diagnostics) {
  const Asker asker;
  const bool good = source == PolicySource::file;
  take(std::move(text), source);
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
      std::error_code ignored;
      std::filesystem::remove(note_path(settings_), ignored);
    }
  }
  ChangeOutcome outcome;
  if (good) remember("start", asker, outcome);
  audit_.note(asker, {{"event", "start"},
                      {"source", to_string(source)},
                      {"digest", digest_},
                      {"generation", firewall_.policy()->generation},
                      {"diagnostics", diagnostics}});
}

void PolicyChanges::take(PolicyText text, PolicySource source) {
  digest_ = digest_of(text.text);
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

bool PolicyChanges::bring_into_force(const PolicyText& candidate, ChangeOutcome& outcome,
                                     Firewall::Absent absent) {
  LoadedPolicy loaded = load_policy(candidate.text, candidate.name);
  for (const Diagnostic& diagnostic : loaded.diagnostics)
    outcome.diagnostics.push_back(to_string(diagnostic));
  if (!loaded.policy) return false;
  try {
    outcome.report = firewall_.reload(*loaded.policy, absent);
  } catch (const std::exception& error) {
    outcome.diagnostics.emplace_back(error.what());
  }
  return outcome.report.has_value();
}

ChangeOutcome PolicyChanges::reload(const Asker& asker) {
  const TimePoint begin = now();
  if (unconfirmed_) return refusal(asker, "reload", objection({}));
  ChangeOutcome outcome;
  if (auto text = read_text_file(settings_.policy, max_policy_bytes); !text) {
    outcome.diagnostics.push_back(text.error().message);
  } else if (PolicyText candidate{std::move(*text), settings_.policy}; bring_into_force(candidate, outcome)) {
    take(std::move(candidate), PolicySource::file);
    remember("reload", asker, outcome);
  }
  finish(asker, "reload", begin, outcome);
  return outcome;
}

std::string PolicyChanges::objection(std::optional<Duration> confirm_within) const {
  constexpr Duration longest = std::chrono::hours(24);
  if (unconfirmed_)
    return "a policy waits to be confirmed, " + in_words(unconfirmed_->due - now()) +
           " are left: `vpcwall confirm` or `vpcwall rollback` comes first";
  if (!no_history_.empty()) return "there is no state directory to keep policies in: " + no_history_;
  if (confirm_within && (*confirm_within < std::chrono::seconds(1) || *confirm_within > longest))
    return "found " + in_words(*confirm_within) + " to confirm within, expected 1 to 86400";
  return {};
}

ChangeOutcome PolicyChanges::refusal(const Asker& asker, const std::string& how, std::string why) {
  ChangeOutcome outcome;
  outcome.diagnostics.push_back(std::move(why));
  finish(asker, how, now(), outcome);
  return outcome;
}

ChangeOutcome PolicyChanges::apply(const Asker& asker, PolicyText candidate,
                                   std::optional<Duration> confirm_within) {
  return change(asker, std::move(candidate), "apply", confirm_within);
}

ChangeOutcome PolicyChanges::change(const Asker& asker, PolicyText candidate, const std::string& how,
                                    std::optional<Duration> confirm_within) {
  const TimePoint begin = now();
  if (std::string why = objection(confirm_within); !why.empty()) return refusal(asker, how, std::move(why));
  ChangeOutcome outcome;
  try {
    // First what can fail: nothing is in force that could not be kept.
    DurableFile file(settings_.policy);
    file.write(candidate.text);
    if (confirm_within)
      replace_file(note_path(settings_),
                   nlohmann::ordered_json{
                       {"digest", digest_of(candidate.text)}, {"how", how}, {"by", to_string(asker)}}
                           .dump() +
                       '\n');
    if (bring_into_force(candidate, outcome)) {
      if (confirm_within) {
        unconfirmed_ = Unconfirmed{in_force_, source_, now() + *confirm_within, how, asker, {}};
        outcome.confirm_within = confirm_within;
      } else {
        file.commit();
      }
      take(std::move(candidate), PolicySource::applied);
      if (!confirm_within) remember(how, asker, outcome);
    }
  } catch (const std::exception& error) {
    outcome.diagnostics.emplace_back(
        outcome.report ? "in force, but lost at the next start: " + std::string(error.what())
                       : "the policy cannot be kept, so it is not tried: " + std::string(error.what()));
    if (outcome.report) take(std::move(candidate), PolicySource::applied);
  }
  if (confirm_within && !unconfirmed_) {
    std::error_code ignored;
    std::filesystem::remove(note_path(settings_), ignored);
  }
  finish(asker, how, begin, outcome);
  return outcome;
}

ChangeOutcome PolicyChanges::rollback(const Asker& asker, std::optional<std::uint64_t> number,
                                      std::optional<Duration> confirm_within) {
  if (unconfirmed_ && !number) return revert(asker, "rollback");
  if (std::string why = objection(confirm_within); !why.empty())
    return refusal(asker, "rollback", std::move(why));
  const std::vector<PastPolicy>& past = history_->entries();
  if (!number) {
    // The newest one that says something else than what is in force.
    for (const PastPolicy& one : past)
      if (one.digest != digest_) number = one.number;
    if (!number) return refusal(asker, "rollback", "the history has no other policy than the one in force");
  }
  const std::string how = "rollback to " + std::to_string(*number);
  std::string text;
  try {
    text = history_->text(*number);
  } catch (const std::exception& error) {
    return refusal(asker, how, error.what());
  }
  return change(asker, {std::move(text), "policy " + std::to_string(*number) + " of the history"}, how,
                confirm_within);
}

ChangeOutcome PolicyChanges::confirm(const Asker& asker) {
  const TimePoint begin = now();
  if (!unconfirmed_) return refusal(asker, "confirm", "no policy waits to be confirmed");
  ChangeOutcome outcome;
  try {
    replace_file(settings_.policy, in_force_.text);
  } catch (const std::exception& error) {
    return refusal(asker, "confirm",
                   "it still waits to be confirmed, because it cannot be kept: " + std::string(error.what()));
  }
  const Unconfirmed was = std::move(*unconfirmed_);
  unconfirmed_.reset();
  std::error_code ignored;
  std::filesystem::remove(note_path(settings_), ignored);
  outcome.report = ReloadReport{};
  outcome.report->generation = firewall_.policy()->generation;
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
  PolicyText before = unconfirmed_->before;
  // A device of it may have gone meanwhile, perhaps because of what is to be undone.
  if (!bring_into_force(before, outcome, Firewall::Absent::awaited)) {
    // It was in force a moment ago, so that something on the outside has changed: tried again until it works.
    unconfirmed_->due = begin + std::chrono::seconds(1);
    if (std::exchange(unconfirmed_->why_it_stays, outcome.diagnostics) == outcome.diagnostics) return outcome;
  } else {
    take(std::move(before), unconfirmed_->source_before);
    unconfirmed_.reset();
    std::error_code ignored;
    std::filesystem::remove(note_path(settings_), ignored);
  }
  finish(asker, "revert (" + why + ")", begin, outcome);
  return outcome;
}

void PolicyChanges::ending() {
  if (!unconfirmed_) return;
  spdlog::warn("the policy in force was not confirmed: the next start is with the one before");
  audit_.note({.by = "stop"}, {{"event", "stop"}, {"unconfirmed", digest_}});
}

void PolicyChanges::finish(const Asker& asker, const std::string& how, TimePoint begin,
                           ChangeOutcome& outcome) {
  outcome.milliseconds = std::chrono::duration<double, std::milli>(now() - begin).count();
  for (const std::string& line : outcome.diagnostics)
    log_event(spdlog::level::warn, {{"EVENT", "diagnostic"}}, line);
  const std::uint64_t generation = firewall_.policy()->generation;
  ++(outcome.report ? accepted_ : refused_);
  if (how != "confirm") last_accepted_ = outcome.report.has_value();  // which changes nothing
  const nlohmann::ordered_json what{{"event", how},
                                    {"accepted", outcome.report.has_value()},
                                    {"generation", generation},
                                    {"digest", digest_},
                                    {"number", outcome.number},
                                    {"diagnostics", outcome.diagnostics}};
  outcome.report ? audit_.note(asker, what) : audit_.note_refused(asker, what);
  LogFields fields{{"EVENT", outcome.report ? how.substr(0, how.find(' ')) : "refused"},
                   {"GENERATION", std::to_string(generation)},
                   {"POLICY", in_force_.name},
                   {"ASKED_BY", to_string(asker)}};
  if (const auto head = audit_.head())
    fields.push_back({"AUDIT", std::to_string(head->entry) + ' ' + head->digest});
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
                 in_words(*outcome.confirm_within));
  if (!outcome.report->everywhere)
    spdlog::error("{}: a worker has not taken generation {} over yet", how, generation);
}

}  // namespace vpcwall

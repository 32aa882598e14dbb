#include "daemon/change/change_verbs.h"

#include <algorithm>
#include <array>

#include "daemon/change/sealed_text.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t most_name_bytes = 4096;

ordered_json error(std::string message) { return {{"error", std::move(message)}}; }

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

ordered_json to_json(const ChangeOutcome& outcome) {
  ordered_json json;
  json["schema"] = "vpcwall/reload/1";
  json["accepted"] = outcome.report.has_value();
  json["diagnostics"] = outcome.diagnostics;
  if (outcome.report) {
    json["generation"] = outcome.report->generation;
    json["everywhere"] = outcome.report->everywhere;
    json["added"] = outcome.report->added;
    json["removed"] = outcome.report->removed;
    json["changed"] = outcome.report->changed;
    if (outcome.number != 0) json["number"] = outcome.number;
    if (outcome.confirm_within) json["confirm_within_seconds"] = seconds(*outcome.confirm_within);
  }
  json["milliseconds"] = outcome.milliseconds;
  return json;
}

// Nothing where there is no such argument; the error is a sentence.
Expected<std::optional<std::uint64_t>, std::string> number(const Request& request, const char* key) {
  const auto found = request.arguments.find(key);
  if (found == request.arguments.end()) return std::optional<std::uint64_t>{};
  if (found->is_number_unsigned()) return std::optional(found->get<std::uint64_t>());
  return Unexpected{"found " + found->dump().substr(0, 60) + " for \"" + key + "\", expected a number"};
}

Expected<std::optional<Duration>, std::string> confirm_within(const Request& request) {
  const auto found = number(request, "confirm_within_seconds");
  if (!found) return Unexpected{found.error()};
  if (!*found) return std::optional<Duration>{};
  // What is too long is refused where the bounds are known; here it must only not overflow.
  return std::optional<Duration>(std::chrono::seconds(std::min<std::uint64_t>(**found, 1'000'000'000)));
}

ordered_json apply(PolicyChanges& changes, const Request& request, const ControlPeer& peer,
                   const Asker& asker) {
  const auto within = confirm_within(request);
  if (!within) return error(within.error());
  auto policy = attached_policy(request, peer);
  if (!policy) return error(policy.error());
  return to_json(changes.apply(asker, std::move(*policy), *within));
}

ordered_json rollback(PolicyChanges& changes, const Request& request, const Asker& asker) {
  const auto to = number(request, "number");
  const auto within = confirm_within(request);
  if (!to) return error(to.error());
  if (!within) return error(within.error());
  return to_json(changes.rollback(asker, *to, *within));
}

ordered_json history(const PolicyChanges& changes) {
  if (changes.history() == nullptr) return error("there is no history: " + changes.no_history());
  ordered_json json{
      {"schema", "vpcwall/history/1"}, {"digest", changes.digest()}, {"policies", ordered_json::array()}};
  for (const PastPolicy& past : changes.history()->entries())
    json["policies"].push_back({{"number", past.number},
                                {"time", past.time},
                                {"how", past.how},
                                {"by", past.by},
                                {"user", past.user},
                                {"uid", past.uid},
                                {"process", past.process},
                                {"digest", past.digest},
                                {"in_force", past.digest == changes.digest()}});
  if (const auto head = changes.audit().head())
    json["audit"] = {{"directory", changes.audit().directory()},
                     {"first", head->first},
                     {"entry", head->entry},
                     {"digest", head->digest}};
  return json;
}

ordered_json policy(const PolicyChanges& changes, const Request& request) {
  const auto wanted = number(request, "number");
  if (!wanted) return error(wanted.error());
  ordered_json json{{"schema", "vpcwall/policy/1"}};
  if (!*wanted) {
    json["name"] = changes.in_force().name;
    json["text"] = changes.in_force().text;
    return json;
  }
  if (changes.history() == nullptr) return error("there is no history: " + changes.no_history());
  try {
    json["name"] = "policy " + std::to_string(**wanted) + " of the history";
    json["text"] = changes.history()->text(**wanted);
  } catch (const std::exception& problem) {
    return error(problem.what());
  }
  return json;
}

}  // namespace

Expected<PolicyText, std::string> attached_policy(const Request& request, const ControlPeer& peer) {
  auto text = read_sealed_text(peer.attached, max_policy_bytes);
  if (!text) return Unexpected{text.error()};
  const auto named = request.arguments.find("name");
  const bool has_name = named != request.arguments.end() && named->is_string();
  return PolicyText{std::move(*text),
                    has_name ? named->get<std::string>().substr(0, most_name_bytes) : "the policy"};
}

bool is_change_verb(std::string_view verb) noexcept {
  constexpr std::array<std::string_view, 6> verbs{"reload",   "apply",   "confirm",
                                                  "rollback", "history", "policy"};
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

ordered_json answer_change(PolicyChanges& changes, const Request& request, const ControlPeer& peer) {
  const Asker asker{"control socket", peer.process, peer.user};
  if (request.verb == "apply") return apply(changes, request, peer, asker);
  if (request.verb == "confirm") return to_json(changes.confirm(asker));
  if (request.verb == "rollback") return rollback(changes, request, asker);
  if (request.verb == "history") return history(changes);
  if (request.verb == "policy") return policy(changes, request);
  return to_json(changes.reload(asker));
}

ordered_json policy_status(const PolicyChanges& changes) {
  ordered_json json{{"source", to_string(changes.source())},
                    {"name", changes.in_force().name},
                    {"digest", changes.digest()}};
  if (const auto due = changes.due())
    json["unconfirmed"] = {{"seconds_left", seconds(std::max(*due - now(), Duration::zero()))}};
  if (changes.history() == nullptr)
    json["no_history"] = changes.no_history();
  else if (!changes.history()->entries().empty())
    json["last_number"] = changes.history()->entries().back().number;
  json["since_unix_seconds"] = std::chrono::duration<double>(changes.since().time_since_epoch()).count();
  json["changes"] = {{"accepted", changes.accepted()},
                     {"refused", changes.refused()},
                     {"last_accepted", changes.last_accepted()}};
  return json;
}

}  // namespace vpcwall

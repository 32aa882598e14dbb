// Whose turn it is: one change is prepared, others wait in order.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include "daemon/change/policy_changes.h"
#include "daemon/log/log.h"
#include "daemon/text_file.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

PolicyText read_policy_file(const std::string& path) {
  auto text = read_text_file(path, max_policy_bytes);
  if (!text) throw std::runtime_error(text.error().message);
  return {std::move(*text), path};
}

std::string name_of(std::uint64_t number) { return "policy " + std::to_string(number) + " of the history"; }

}  // namespace

void PolicyChanges::reload(const Asker& asker, Done done) {
  const auto is_same = [](const Wanted& one) {
    return one.kind == Wanted::Kind::reload && one.asker.by == "SIGHUP";
  };
  if (asker.by == "SIGHUP" && std::any_of(waiting_.begin(), waiting_.end(), is_same)) {
    log_event(spdlog::level::info, {{"EVENT", "reload"}, {"ASKED_BY", to_string(asker)}},
              to_string(asker) + ": a reload waits already, and reads the file later than this");
    return;
  }
  Wanted wanted;
  wanted.kind = Wanted::Kind::reload;
  wanted.asker = asker;
  wanted.how = "reload";
  wanted.text.name = settings_.policy;
  wanted.done = std::move(done);
  want(std::move(wanted));
}

void PolicyChanges::apply(const Asker& asker, PolicyText candidate, std::optional<Duration> confirm_within,
                          Done done) {
  Wanted wanted;
  wanted.kind = Wanted::Kind::apply;
  wanted.asker = asker;
  wanted.how = "apply";
  wanted.text = std::move(candidate);
  wanted.confirm_within = confirm_within;
  wanted.done = std::move(done);
  want(std::move(wanted));
}

void PolicyChanges::rollback(const Asker& asker, std::optional<std::uint64_t> number,
                             std::optional<Duration> confirm_within, Done done) {
  if (unconfirmed_ && !number) return done(revert(asker, "rollback"));
  Wanted wanted;
  wanted.kind = Wanted::Kind::rollback;
  wanted.asker = asker;
  wanted.how = "rollback";
  wanted.number = number;
  wanted.confirm_within = confirm_within;
  wanted.done = std::move(done);
  want(std::move(wanted));
}

void PolicyChanges::prepare_trial(const Asker& asker, PolicyText candidate, Tried tried) {
  Wanted wanted;
  wanted.kind = Wanted::Kind::trial;
  wanted.asker = asker;
  wanted.how = "shadow";
  wanted.text = std::move(candidate);
  wanted.tried = std::move(tried);
  want(std::move(wanted));
}

std::string PolicyChanges::objection(const Wanted& wanted) const {
  constexpr Duration longest = std::chrono::hours(24);
  if (wanted.kind == Wanted::Kind::trial) return {};
  if (unconfirmed_)
    return "a policy waits to be confirmed, " + in_seconds(unconfirmed_->due - now()) +
           " are left: `vpcwall confirm` or `vpcwall rollback` comes first";
  if (!wanted.is_kept()) return {};
  if (!no_history_.empty()) return "there is no state directory to keep policies in: " + no_history_;
  const auto& within = wanted.confirm_within;
  if (within && (*within < std::chrono::seconds(1) || *within > longest))
    return "found " + in_seconds(*within) + " to confirm within, expected 1 to 86400";
  return {};
}

// What is refused anyway does not wait for it.
void PolicyChanges::want(Wanted wanted) {
  if (ending_) return refuse(wanted, {});
  if (std::string why = objection(wanted); !why.empty()) return refuse(wanted, std::move(why));
  if (waiting_.size() >= most_waiting)
    return refuse(wanted, std::to_string(waiting_.size()) +
                              " changes wait already while a policy is prepared; ask again later");
  waiting_.push_back(std::move(wanted));
  advance();
}

void PolicyChanges::advance() {
  if (auto made = preparer_.take(); made && preparing_)
    complete(*std::exchange(preparing_, std::nullopt), std::move(*made));
  while (!preparer_.is_busy() && !waiting_.empty()) {
    Wanted next = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(next));
  }
}

// Something may have come into force since it was asked for.
void PolicyChanges::start(Wanted wanted) {
  wanted.begun = now();
  if (wanted.kind == Wanted::Kind::rollback) {
    if (unconfirmed_ && !wanted.number) return wanted.done(revert(wanted.asker, "rollback"));
    if (std::string why = objection(wanted); !why.empty()) return refuse(wanted, std::move(why));
    if (!wanted.number) wanted.number = last_other_policy();
    if (!wanted.number) return refuse(wanted, "the history has no other policy than the one in force");
    wanted.how = "rollback to " + std::to_string(*wanted.number);
    wanted.text.name = name_of(*wanted.number);
  } else if (std::string why = objection(wanted); !why.empty()) {
    return refuse(wanted, std::move(why));
  }
  try {
    preparer_.begin([prepare = prepare_, order = order_for(wanted)](const std::stop_token& stop) {
      return prepare(order, stop);
    });
    preparing_ = std::move(wanted);
  } catch (const std::exception& error) {
    refuse(wanted, "it cannot be prepared: " + std::string(error.what()));
  }
}

// The newest one that says something else than what is in force.
std::optional<std::uint64_t> PolicyChanges::last_other_policy() const {
  std::optional<std::uint64_t> number;
  for (const PastPolicy& one : history_->entries())
    if (one.digest != digest_) number = one.number;
  return number;
}

PreparationOrder PolicyChanges::order_for(Wanted& wanted) const {
  PreparationOrder order;
  order.in_force = force_.in_force();
  order.generation = force_.generation() + 1;
  order.devices = force_.devices;
  order.needs_way_back = wanted.confirm_within.has_value();
  if (wanted.is_kept()) order.keep_at = settings_.policy;
  if (wanted.kind == Wanted::Kind::reload)
    order.read = [path = settings_.policy] { return read_policy_file(path); };
  else if (wanted.kind == Wanted::Kind::rollback)  // nothing is added to the history meanwhile
    order.read = [&history = *history_, number = *wanted.number, name = wanted.text.name] {
      return PolicyText{history.text(number), name};
    };
  else
    order.read = [text = PolicyText{std::move(wanted.text.text), wanted.text.name}] { return text; };
  return order;
}

// Without a reason: the daemon stops.
void PolicyChanges::refuse(const Wanted& wanted, std::string why) {
  if (why.empty()) why = "the daemon stops: nothing was changed";
  if (wanted.kind == Wanted::Kind::trial) {
    Preparation refused;
    refused.diagnostics.push_back(std::move(why));
    return wanted.tried(std::move(refused));
  }
  wanted.done(refusal(wanted.asker, wanted.how, std::move(why)));
}

void PolicyChanges::complete(Wanted wanted, Preparation made) {
  if (wanted.kind == Wanted::Kind::trial) return wanted.tried(std::move(made));
  wanted.done(change(wanted, std::move(made)));
}

std::optional<InPreparation> PolicyChanges::preparing() const {
  if (!preparing_) return std::nullopt;
  return InPreparation{preparing_->how, preparing_->text.name, preparing_->asker, preparing_->begun,
                       waiting_.size()};
}

}  // namespace vpcwall

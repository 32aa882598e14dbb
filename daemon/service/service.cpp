#include "daemon/service/service.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <limits>
#include <optional>
#include <string>
#include <system_error>

#include "daemon/log/log.h"
#include "daemon/service/service_manager.h"
#include "daemon/service/upkeep.h"
#include "daemon/service/watchdog.h"

namespace vpcwall {
namespace {

constexpr int tick_milliseconds = 5000;  // how late a silent control connection is noticed
constexpr auto stream_milliseconds = static_cast<int>(
    std::chrono::duration_cast<std::chrono::milliseconds>(ControlServer::stream_pause).count());

sigset_t handled_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGTERM, SIGINT, SIGUSR2}) ::sigaddset(&set, signal);
  return set;
}

std::string monotonic_microseconds() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::to_string(time.tv_sec * 1'000'000 + time.tv_nsec / 1'000);
}

std::string status_line(const Firewall& firewall) {
  const auto policy = firewall.policy();
  return "STATUS=Policy generation " + std::to_string(policy->generation) + ", " +
         std::to_string(policy->interfaces.size()) + " interfaces guarded";
}

const char* signal_name(std::uint32_t number) noexcept {
  return number == SIGTERM ? "SIGTERM" : number == SIGINT ? "SIGINT" : "SIGUSR2";
}

// Rounded up, so that the time has come when the wait is over.
int milliseconds_until(std::optional<TimePoint> due) {
  if (!due) return std::numeric_limits<int>::max();
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, tick_milliseconds));
}

void reload(Firewall& firewall, PolicyChanges& changes, const signalfd_siginfo& signal) {
  notify_service_manager("RELOADING=1\nMONOTONIC_USEC=" + monotonic_microseconds());
  changes.reload({"SIGHUP", static_cast<pid_t>(signal.ssi_pid), signal.ssi_uid},
                 [&firewall](const ChangeOutcome& /*outcome*/) {
                   notify_service_manager("READY=1\n" + status_line(firewall));
                 });
}

// What the process ends with, where one of the signals that have come asks for an end.
std::optional<Served> answer_signals(const FileDescriptor& signals, Firewall& firewall,
                                     PolicyChanges& changes) {
  signalfd_siginfo info{};
  while (::read(signals.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGHUP) {
      reload(firewall, changes, info);
      continue;
    }
    const bool successor = info.ssi_signo == SIGUSR2;
    const std::string asked_by =
        signal_name(info.ssi_signo) + std::string(" from process ") + std::to_string(info.ssi_pid);
    log_event(spdlog::level::info, {{"EVENT", "stopping"}, {"ASKED_BY", asked_by}},
              asked_by + ": stopping" + (successor ? ", for a successor" : ""));
    changes.ending();
    notify_service_manager("STOPPING=1");
    return Served{0, successor ? Ending::for_successor : Ending::for_good};
  }
  return std::nullopt;
}

}  // namespace

void block_signals() {
  const sigset_t set = handled_signals();
  if (::pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0)
    throw std::system_error(errno, std::generic_category(), "pthread_sigmask");
  // Both are errors of a call as well, and no reason to end.
  (void)::signal(SIGPIPE, SIG_IGN);
  (void)::signal(SIGXFSZ, SIG_IGN);
}

Served serve(const ServedParts& parts) {
  const auto& [firewall, changes, explanations, control, http, keeper] = parts;
  const sigset_t set = handled_signals();
  const FileDescriptor signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (signals.get() < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
  notify_service_manager("READY=1\n" + status_line(firewall));

  // A descriptor of -1 is one that poll() leaves out.
  Upkeep upkeep(firewall, now());
  std::array<pollfd, 8> watched{{{signals.get(), POLLIN, 0},
                                 {control.event_fd(), POLLIN, 0},
                                 {firewall.failure_event(), POLLIN, 0},
                                 {http != nullptr ? http->event_fd() : -1, POLLIN, 0},
                                 {upkeep.device_events(), POLLIN, 0},
                                 {upkeep.rule_events(), POLLIN, 0},
                                 {changes.event_fd(), POLLIN, 0},
                                 {explanations.event_fd(), POLLIN, 0}}};
  Watchdog watchdog(now());
  TimePoint look_at = now();
  for (;;) {
    int tick = std::min({control.has_streams() ? stream_milliseconds : tick_milliseconds,
                         milliseconds_until(changes.due()), milliseconds_until(look_at),
                         milliseconds_until(upkeep.due())});
    if (http != nullptr) tick = http->patience(tick);
    if (::poll(watched.data(), watched.size(), tick) < 0 && errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "poll");
    if ((watched[2].revents & POLLIN) != 0) {
      log_event(spdlog::level::critical, {{"EVENT", "failure"}}, firewall.failure() + "; stopping");
      changes.ending();
      control.give_late_answers(now());
      return {1, Ending::for_successor};
    }
    if ((watched[1].revents & POLLIN) != 0) control.handle_events(now());
    if (control.has_streams()) control.advance_streams(now());
    control.drop_silent(now());
    changes.revert_if_due(now());
    if ((watched[6].revents & POLLIN) != 0) changes.advance();
    if ((watched[7].revents & POLLIN) != 0) explanations.advance();
    control.give_late_answers(now());
    upkeep.handle_events(now());
    if (http != nullptr) http->handle_events(now());
    if (now() >= look_at) {
      watchdog.look(firewall.progress(), now());
      look_at = now() + watchdog.period();
      firewall.tidy();
      if (keeper != nullptr) keeper->keep_if_due(firewall, now());
    }
    if (const auto served = answer_signals(signals, firewall, changes)) {
      control.give_late_answers(now());
      return *served;
    }
  }
}

}  // namespace vpcwall

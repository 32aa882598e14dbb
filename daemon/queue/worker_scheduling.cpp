#include "daemon/queue/worker_scheduling.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace vpcwall {
namespace {

constexpr int as_others = 0;  // nice
constexpr pid_t this_thread = 0;

// The limit says how far up an unprivileged process may go: 20 stands for a nice value of 0.
void ask_for_the_way_back() noexcept {
  constexpr rlim_t up_to_others = 20;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NICE, &limit) != 0 || limit.rlim_cur >= up_to_others) return;
  limit.rlim_cur = up_to_others;
  limit.rlim_max = std::max(limit.rlim_max, up_to_others);
  (void)::setrlimit(RLIMIT_NICE, &limit);
}

}  // namespace

WorkerScheduling::WorkerScheduling() noexcept
    : policy_is_ours_(::sched_getscheduler(this_thread) == SCHED_OTHER),
      priority_is_ours_(policy_is_ours_ && ::getpriority(PRIO_PROCESS, this_thread) == as_others) {
  if (priority_is_ours_) ask_for_the_way_back();
}

WorkerScheduling::Enlistment::Enlistment(WorkerScheduling& scheduling) : scheduling_(scheduling) {
  const sched_param none{};
  if (scheduling_.policy_is_ours_) (void)::sched_setscheduler(this_thread, SCHED_BATCH, &none);
  const std::lock_guard lock(scheduling_.mutex_);
  scheduling_.workers_.push_back(::gettid());
  (void)scheduling_.apply(scheduling_.workers_.back());
}

// The number of a thread that has ended may be somebody else's.
WorkerScheduling::Enlistment::~Enlistment() {
  const std::lock_guard lock(scheduling_.mutex_);
  std::erase(scheduling_.workers_, ::gettid());
}

bool WorkerScheduling::put_behind_established(bool yes) {
  const std::lock_guard lock(mutex_);
  if (yes == behind_established_) return true;
  behind_established_ = yes;
  bool done = true;
  for (const pid_t worker : workers_) done &= apply(worker);
  return done || yes;
}

bool WorkerScheduling::apply(pid_t worker) const noexcept {
  if (!priority_is_ours_) return true;
  const int wanted = behind_established_ ? behind : as_others;
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(worker), wanted);
  return ::getpriority(PRIO_PROCESS, static_cast<id_t>(worker)) == wanted;
}

}  // namespace vpcwall

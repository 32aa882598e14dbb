// Who gets a CPU where CPUs are scarce: how the kernel schedules the workers (sched(7)).
//
// As SCHED_BATCH, so that an arriving packet does not interrupt whoever sends it: the worker runs a moment
// later and meets several packets in one read, which takes a fifth to two fifths off its CPU. And while the
// kernel passes what is established by itself, behind the rest, by priority: only what is new comes to a
// worker then, and new connections would take from the established ones. Where a CPU is idle, either makes no
// difference. Where every packet comes to the workers they are as urgent as who sends.
//
// What the operator chose stays: a daemon that was started with a policy or a priority of its own keeps it.
// Where the kernel refuses, a worker is scheduled as any other thread, which is no fault.
#pragma once

#include <sys/types.h>

#include <mutex>
#include <vector>

namespace vpcwall {

class WorkerScheduling {
 public:
  static constexpr int behind = 5;  // the nice value: a third of the share of a CPU that is fought over

  // Looks at the calling thread, whose children the workers will be. Before privileges are given up: asks
  // for the right to raise a priority again that was lowered (RLIMIT_NICE).
  WorkerScheduling() noexcept;

  // The calling thread is a worker as long as this lives, on its own stack.
  class Enlistment {
   public:
    explicit Enlistment(WorkerScheduling& scheduling);
    ~Enlistment();
    Enlistment(const Enlistment&) = delete;
    Enlistment& operator=(const Enlistment&) = delete;

   private:
    WorkerScheduling& scheduling_;
  };

  // By any thread. False when workers stay behind that should not, because there is no right to raise a
  // priority.
  [[nodiscard]] bool put_behind_established(bool yes);

 private:
  [[nodiscard]] bool apply(pid_t worker) const noexcept;  // under the mutex

  bool policy_is_ours_, priority_is_ours_;
  std::mutex mutex_;
  bool behind_established_ = false;
  std::vector<pid_t> workers_;
};

}  // namespace vpcwall

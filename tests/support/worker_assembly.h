// Workers, shards and a reloader as the daemon assembles them, on queues in memory.
#pragma once

#include <deque>
#include <thread>
#include <vector>

#include "runtime/reloader.h"
#include "runtime/worker.h"
#include "support/fake_queue.h"
#include "support/policies.h"

namespace vpcwall::test {

class Assembly {
 public:
  static constexpr TimePoint start{std::chrono::hours(1)};

  explicit Assembly(std::size_t workers, std::size_t flows = 4096)
      : barrier(workers), fence(workers), tap(workers), observers(workers), queues(workers) {
    for (std::size_t i = 0; i < workers; ++i) {
      shards.emplace_back(std::in_place, flows, FlowHash::Seed{i, 2, 3, 4}, allowance);
      this->workers.emplace_back(
          i, queues[i],
          WorkerSurroundings{policies, shards, barrier, fence, tap, observers, stage, clock, classes});
    }
  }
  void run() {
    for (std::size_t i = 0; i < workers.size(); ++i)
      threads.emplace_back([this, i](const std::stop_token& stop) { workers[i].run(stop); });
  }
  ~Assembly() {
    for (std::jthread& thread : threads) thread.request_stop();
    for (FakeQueue& queue : queues) queue.wake();
  }
  ReloadReport use(const char* groups, Duration wait = Duration::zero(), const char* rest = "") {
    return reloader.apply(small_vpc(groups, rest), {}, wait);
  }

  FlowAllowance allowance;
  Shards shards;
  Snapshot<CompiledPolicy> policies;
  GenerationBarrier barrier;
  BurstFence fence;
  EventTap tap;
  Observers observers;
  ShadowStage stage;
  WorkerClock clock{start};
  DeviceClasses classes{0};
  std::deque<FakeQueue> queues;
  std::deque<Worker> workers;
  Reloader reloader{policies, shards, barrier,
                    [this](const CompiledPolicy& policy) { observers.announce(policy, reloader.slots()); },
                    [this] {
                      for (FakeQueue& queue : queues) queue.wake();
                    }};
  std::vector<std::jthread> threads;
};

}  // namespace vpcwall::test

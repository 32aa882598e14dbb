// One worker: receive a burst, judge it under one policy, answer it, take idle flows away. Again.
//
// The way of a packet through the project is this file's run_burst():
//
//   PacketQueue::receive   a burst of raw packets, one system call
//   parse_packet           bytes -> Packet, or dropped as malformed
//   Shard::passes          accepted and done with, where its like was judged while it waited
//   find_journey           which guarded interfaces take part
//   Shard::judge           evaluate -> apply -> count
//   Shard::remember        what the kernel may repeat by itself
//   EventTap::record       where somebody watches
//   Observers::note        where somebody observes
//   PacketQueue::answer    all verdicts, one system call
//   Shadow::judge          where a candidate is tried beside the policy, on the same packets
//
// A burst is judged under exactly one policy and at exactly one time. The worker locks its own shard once per
// burst and never holds another one at the same time. run() and run_burst() belong to the worker's thread.
#pragma once

#include <array>
#include <atomic>
#include <stop_token>
#include <vector>

#include "runtime/burst_fence.h"
#include "runtime/device_classes.h"
#include "runtime/event_tap.h"
#include "runtime/generation_barrier.h"
#include "runtime/observers.h"
#include "runtime/packet_queue.h"
#include "runtime/shadow_stage.h"
#include "runtime/shards.h"
#include "runtime/snapshot.h"
#include "runtime/worker_clock.h"

namespace vpcwall {

// What all workers share; outlives them.
struct WorkerSurroundings {
  const Snapshot<CompiledPolicy>& policies;
  Shards& shards;
  GenerationBarrier& barrier;
  BurstFence& fence;
  EventTap& tap;
  Observers& observers;
  const ShadowStage& stage;
  const WorkerClock& clock;
  const DeviceClasses& device_classes;
};

class Worker {
 public:
  Worker(std::size_t index, PacketQueue& queue, const WorkerSurroundings& surroundings);

  // Until `stop` is requested; the requester wakes the queue. Throws what PacketQueue::receive throws.
  void run(const std::stop_token& stop);

  void run_burst(Duration max_wait);

  // Bursts completed since the start; any thread.
  [[nodiscard]] std::uint64_t progress() const noexcept { return progress_.load(std::memory_order_relaxed); }

 private:
  void adopt_if_new(const std::shared_ptr<const CompiledPolicy>& policy, Shard& shard, TimePoint now);
  void sweep(Shard& shard, TimePoint now);
  void take_over(Shard& shard, std::size_t packets);

  std::size_t index_;
  PacketQueue& queue_;
  Snapshot<CompiledPolicy>::Reader policies_;
  Shards& shards_;
  GenerationBarrier& barrier_;
  BurstFence& fence_;
  EventTap& tap_;
  Observers& observers_;
  const ShadowStage& stage_;
  const WorkerClock& clock_;
  const DeviceClasses& device_classes_;
  std::uint64_t generation_ = 0;
  bool swept_ = true;  // nothing is left of what the last change ended
  std::uint64_t fence_seen_ = 0, passed_ = 0;
  // Rounds over all that the kernel counts that have to end before the fence is passed: the one that was
  // under way when it was raised, and a whole one.
  unsigned rounds_due_ = 0;
  std::vector<Decided> decided_;  // of a burst that a shadow judges too
  std::atomic<std::uint64_t> progress_{0};
};

}  // namespace vpcwall

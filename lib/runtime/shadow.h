// A candidate policy beside the one in force: judged are the same packets, at the same times, by the same
// engine, with flows and counters of its own. Nothing of what it decides is answered to anybody.
//
//   Shadow shadow(prepared, devices, generation, {workers}, seed, now);
//   stage.enter(shadow);                                  // control thread; from now on workers follow()
//   shadow.inherit(live_policy, flow);                    // control thread: a copy of each live flow
//   shadow.begin();                                       // control thread; from now on workers judge()
//   shadow.read(64);                                      // control thread: what came to differ since
//
// It starts as a reload would: with the live flows as they are, but for those that the candidate ends (C-25,
// C-67). Flows are copied in parts, beside workers that go on. What changes meanwhile follow() puts right:
// it lets a flow wait (WaitingFlows) exactly as the packet that was just judged has left it. So once every
// worker follows, and every live flow has been copied after that, none is missing and none is out of date;
// copying a flow has to happen under the lock of its live shard, which also keeps out the burst that changes
// it. From a worker's first burst behind begin() on, nothing of the live flows is looked at any more.
//
// Interfaces and rules keep their numbers: the candidate is prepared with what the live policies were
// compiled with (prepared_policy.h).
//
// Bounded: flows as the live ones, and as many again while they wait; differences by Sizes. Reading holds a
// worker up for `piece` differences at most. A worker locks a shard of the shadow, and then its notes, while
// it holds no other lock; and the waiting flows last.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "runtime/prepared_policy.h"
#include "runtime/shadow_differences.h"
#include "runtime/shards.h"

namespace vpcwall {

// What a worker has decided about one packet of a burst.
struct Decided {
  std::size_t place = 0;  // in the burst
  Expected<Packet, ParseError> packet;
  Decision decision;
};

class Shadow {
 public:
  static constexpr std::size_t piece = 16;  // differences copied under one lock

  struct Sizes {
    std::size_t workers = 1;
    std::size_t flows = 1024;        // by worker
    std::size_t differences = 1024;  // by worker
  };

  // `generation` is that of the policy in force.
  Shadow(const PreparedPolicy& candidate, const std::vector<DeviceBinding>& devices, std::uint64_t generation,
         const Sizes& sizes, const FlowHash::Seed& seed, TimePoint now);
  Shadow(const Shadow&) = delete;
  Shadow& operator=(const Shadow&) = delete;
  ~Shadow() = default;

  // A copy of a live flow, made under the lock of its shard; before begin().
  void inherit(const CompiledPolicy& live, const Flow& flow);
  void begin() noexcept { judging_.store(true, std::memory_order_release); }
  [[nodiscard]] bool is_judging() const noexcept { return judging_.load(std::memory_order_acquire); }

  // Before begin(): what `decision` has just done to the flows of a live shard, whose lock is held.
  void follow(const FlowTable& flows, const Decision& decision);
  // After it: a whole burst, which the worker has judged under `policy`.
  void judge(std::size_t worker, std::span<const QueuedPacket> burst, std::span<const Decided> decided,
             const std::shared_ptr<const CompiledPolicy>& policy, TimePoint now);

  // A difference that no worker had listed before; its number is its place among all of them.
  struct Numbered {
    std::size_t number = 0;
    ShadowDifference difference;
  };
  // Up to about `most` that were not read yet; none when there are no more.
  [[nodiscard]] std::vector<Numbered> read(std::size_t most);

  struct Totals {
    std::uint64_t judged = 0;     // packets that both have judged
    std::uint64_t differing = 0;  // of these, with another verdict
    std::uint64_t unlisted = 0;   // of these, for whose difference there was no room
  };
  [[nodiscard]] Totals totals() const;
  // Packets of each difference that was read, by its number. Add up once no worker judges any more.
  [[nodiscard]] std::vector<std::uint64_t> counts() const;

  [[nodiscard]] const CompiledPolicy& candidate() const noexcept { return *candidate_; }
  [[nodiscard]] const CounterSlots& slots() const noexcept { return context_->slots; }
  [[nodiscard]] const Shards& shards() const noexcept { return shards_; }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

 private:
  void add(const Flow& flow);

  std::shared_ptr<const CompileContext> context_;
  std::shared_ptr<const CompiledPolicy> candidate_;
  FlowAllowance allowance_;
  WaitingFlows waiting_;
  Shards shards_;                                 // one per worker
  std::deque<Guarded<ShadowDifferences>> noted_;  // likewise
  std::atomic<bool> judging_{false};
  std::vector<std::size_t> read_;  // differences, by worker
  std::unordered_map<FlowKey, std::size_t, FlowHash> numbers_;
};

}  // namespace vpcwall

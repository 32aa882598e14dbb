#include "runtime/worker.h"

#include <utility>

#include "runtime/queued_journey.h"

namespace vpcwall {
namespace {

constexpr Duration idle_wait = std::chrono::milliseconds(500);  // how late an idle worker takes flows away
constexpr std::size_t expiry_budget = 2 * max_burst;            // per burst; outruns what a burst can open
constexpr std::size_t sweep_budget = 1024;                      // per burst; some 20 µs
constexpr std::size_t busy_budget = 2;                          // records of the fast path per packet
constexpr std::size_t due_budget = 4096;                        // where somebody waits for all of them
constexpr std::size_t idle_budget = 65'536;                     // where nobody waits for a packet

// What the kernel's program finds as the packet's device: on its way out of a host that is the one it leaves
// by.
std::uint32_t device_at(const QueuedPacket& queued) noexcept {
  return queued.hook == HookPoint::local_out ? queued.out_device : queued.in_device;
}

// Where the kernel will meet the packet's like, and its answers: they come in where it went out.
Passages passages_of(const CompiledPolicy& policy, const DeviceClasses& classes, const Packet& packet,
                     const QueuedPacket& queued) noexcept {
  Packet answer = packet;
  std::swap(answer.source, answer.destination);
  QueuedPacket back;
  back.in_device = queued.out_device;
  back.out_device = queued.in_device;
  if (queued.hook != HookPoint::forward)
    back.hook = queued.hook == HookPoint::local_in ? HookPoint::local_out : HookPoint::local_in;
  return {{device_at(queued), classes.of(policy, queued.out_device)},
          {device_at(back), classes.of(policy, back.out_device)},
          journey_of(policy, answer, back)};
}

// Was its like judged while it waited in the queue?
bool passes_by_record(const CompiledPolicy& policy, const DeviceClasses& classes, Shard& shard,
                      const QueuedPacket& queued, const Expected<Packet, ParseError>& packet, TimePoint now) {
  return shard.has_fast_path() && packet &&
         shard.passes(*packet, {device_at(queued), classes.of(policy, queued.out_device)}, now);
}

Decision judge(const CompiledPolicy& policy, Shard& shard, const QueuedPacket& queued,
               const Expected<Packet, ParseError>& packet, const DeviceClasses& classes,
               bool related_elsewhere, TimePoint now) {
  if (!packet) {
    shard.count(packet.error(), queued.wire_length, now);
    return {.verdict = Verdict::drop, .reason = reason_of(packet.error())};
  }
  const Journey journey = journey_of(policy, *packet, queued);
  const Question question{*packet, journey, now, related_elsewhere};
  const Decision decision = shard.judge(policy, question);
  if (shard.has_fast_path())
    shard.remember(policy, question, decision, passages_of(policy, classes, *packet, queued));
  return decision;
}

}  // namespace

Worker::Worker(std::size_t index, PacketQueue& queue, const WorkerSurroundings& surroundings)
    : index_(index),
      queue_(queue),
      policies_(surroundings.policies),
      shards_(surroundings.shards),
      barrier_(surroundings.barrier),
      fence_(surroundings.fence),
      tap_(surroundings.tap),
      observers_(surroundings.observers),
      stage_(surroundings.stage),
      clock_(surroundings.clock),
      device_classes_(surroundings.device_classes) {}

void Worker::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) run_burst(idle_wait);
}

void Worker::run_burst(Duration max_wait) {
  const std::span<const QueuedPacket> burst =
      queue_.receive(swept_ && rounds_due_ == 0 ? max_wait : Duration::zero());
  // All that may change is looked at once for the whole burst, behind the fence.
  if (const std::uint64_t fence = fence_.raised(); fence != fence_seen_) {
    fence_seen_ = fence;
    rounds_due_ = 2;
  }
  const CompiledPolicy& policy = policies_.current();
  const TimePoint now = clock_.now();
  const bool watched = tap_.enabled();
  const bool observed = observers_.any();
  const std::shared_ptr<Shadow> shadow = stage_.any() ? stage_.current() : nullptr;
  const bool judged_twice = shadow && shadow->is_judging();

  std::array<bool, max_burst> related{};
  if (policy.behavior.icmp_related == Behavior::IcmpRelated::linux_)
    for (std::size_t i = 0; i < burst.size(); ++i)
      if (const auto packet = parse_packet(burst[i].bytes, burst[i].wire_length))
        related[i] = related_elsewhere(policy, shards_, index_, *packet, burst[i], now);

  std::array<Verdict, max_burst> verdicts{};
  shards_[index_].with([&](Shard& shard) {
    adopt_if_new(policies_.held(), shard, now);
    for (std::size_t i = 0; i < burst.size(); ++i) {
      const auto packet = parse_packet(burst[i].bytes, burst[i].wire_length);
      if (passes_by_record(policy, device_classes_, shard, burst[i], packet, now)) {
        verdicts[i] = Verdict::accept;  // no decision, so nothing to watch
        continue;
      }
      const Decision decision = judge(policy, shard, burst[i], packet, device_classes_, related[i], now);
      if (watched) tap_.record(index_, packet, decision, policies_.held(), now);
      if (observed) observers_.note(index_, packet, decision, policies_.held(), now);
      if (judged_twice)
        decided_.push_back({i, packet, decision});
      else if (shadow)
        shadow->follow(shard.flows(), decision);
      verdicts[i] = decision.verdict;
    }
    shard.expire(now, expiry_budget);
    sweep(shard, now);
    take_over(shard, burst.size());
  });
  if (!burst.empty()) queue_.answer(std::span(verdicts).first(burst.size()));
  if (judged_twice) {  // when nobody waits for it any more
    shadow->judge(index_, burst, decided_, policies_.held(), now);
    decided_.clear();
  }
  progress_.fetch_add(1, std::memory_order_relaxed);
  if (rounds_due_ == 0 && passed_ != fence_seen_) {
    passed_ = fence_seen_;
    fence_.passed(index_, passed_);
  }
}

void Worker::adopt_if_new(const std::shared_ptr<const CompiledPolicy>& policy, Shard& shard, TimePoint now) {
  if (policy->generation == generation_) return;
  shard.adopt(policy, now);
  generation_ = policy->generation;
  swept_ = false;
}

// Who waits for the change waits also until what it ended is gone.
void Worker::sweep(Shard& shard, TimePoint now) {
  if (swept_) return;
  swept_ = shard.sweep(now, sweep_budget);
  if (swept_) barrier_.reached(index_, generation_);
}

// A packet adds one record at most, so two looked at for each keep up with any load.
void Worker::take_over(Shard& shard, std::size_t packets) {
  const std::size_t budget = rounds_due_ > 0 ? due_budget
                             : packets == 0  ? idle_budget
                                             : busy_budget * packets;
  const bool round_over = shard.take_over(budget);
  if (!shard.has_fast_path())
    rounds_due_ = 0;
  else if (round_over && rounds_due_ > 0)
    --rounds_due_;
}

}  // namespace vpcwall

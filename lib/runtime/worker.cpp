#include "runtime/worker.h"

#include "engine/flow_identity.h"

namespace vpcwall {
namespace {

constexpr Duration idle_wait = std::chrono::milliseconds(500);  // how late an idle worker takes flows away
constexpr std::size_t expiry_budget = 2 * max_burst;            // per burst; outruns what a burst can open
constexpr std::size_t sweep_budget = 1024;                      // per burst; some 20 µs

// A router sees both interfaces of a packet; a host sees its own side only, the other was judged elsewhere.
Journey journey_of(const CompiledPolicy& policy, const Packet& packet, const QueuedPacket& queued) noexcept {
  Journey journey = find_journey(policy, packet, {queued.in_device, queued.out_device});
  switch (queued.hook) {
    case HookPoint::forward: break;
    case HookPoint::local_in:
      journey = find_journey(policy, packet, {0, queued.in_device});
      journey.leaves = no_interface;
      break;
    case HookPoint::local_out:
      journey = find_journey(policy, packet, {queued.out_device, 0});
      journey.enters = no_interface;
      break;
  }
  return journey;
}

Decision judge(const CompiledPolicy& policy, Shard& shard, const QueuedPacket& queued,
               const Expected<Packet, ParseError>& packet, bool related_elsewhere, TimePoint now) {
  if (!packet) {
    shard.count(packet.error(), queued.wire_length, now);
    return {.verdict = Verdict::drop, .reason = reason_of(packet.error())};
  }
  const Journey journey = journey_of(policy, *packet, queued);
  return shard.judge(policy, {*packet, journey, now, related_elsewhere});
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
      clock_(surroundings.clock) {}

void Worker::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) run_burst(idle_wait);
}

void Worker::run_burst(Duration max_wait) {
  const std::span<const QueuedPacket> burst = queue_.receive(swept_ ? max_wait : Duration::zero());
  // All that may change is looked at once for the whole burst, behind the fence.
  const std::uint64_t fence = fence_.raised();
  const CompiledPolicy& policy = policies_.current();
  const TimePoint now = clock_.now();
  const bool watched = tap_.enabled();

  std::array<bool, max_burst> related{};
  if (policy.behavior.icmp_related == Behavior::IcmpRelated::linux_)
    for (std::size_t i = 0; i < burst.size(); ++i) related[i] = related_elsewhere(policy, burst[i], now);

  std::array<Verdict, max_burst> verdicts{};
  shards_[index_].with([&](Shard& shard) {
    adopt_if_new(policies_.held(), shard, now);
    for (std::size_t i = 0; i < burst.size(); ++i) {
      const auto packet = parse_packet(burst[i].bytes, burst[i].wire_length);
      const Decision decision = judge(policy, shard, burst[i], packet, related[i], now);
      if (watched) tap_.record(index_, packet, decision, policies_.held(), now);
      verdicts[i] = decision.verdict;
    }
    shard.expire(now, expiry_budget);
    sweep(shard, now);
  });
  if (!burst.empty()) queue_.answer(std::span(verdicts).first(burst.size()));
  progress_.fetch_add(1, std::memory_order_relaxed);
  if (fence != passed_) {
    passed_ = fence;
    fence_.passed(index_, fence);
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

// The kernel may hand an ICMP error to another worker than the flow it quotes. Asked before the own shard is
// locked, one shard at a time.
bool Worker::related_elsewhere(const CompiledPolicy& policy, const QueuedPacket& queued,
                               TimePoint now) const {
  const auto packet = parse_packet(queued.bytes, queued.wire_length);
  if (!packet || !packet->quoted) return false;
  const auto [leaves, enters] = journey_of(policy, *packet, queued);
  const auto tracked = [&](InterfaceIndex side, Direction direction) {
    if (side == no_interface) return false;
    const auto key = quoted_flow_key(*packet, direction, policy.interfaces[side].number);
    for (std::size_t i = 0; key && i < shards_.size(); ++i)
      if (i != index_ && shards_[i].read([&](const Shard& shard) { return shard.tracks(*key, now); }))
        return true;
    return false;
  };
  return tracked(leaves, Direction::egress) || tracked(enters, Direction::ingress);
}

}  // namespace vpcwall

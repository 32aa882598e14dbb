#include "runtime/shadow.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "runtime/queued_journey.h"

namespace vpcwall {
namespace {

constexpr std::size_t expiry_budget = 2 * max_burst;  // as a worker's own

}  // namespace

Shadow::Shadow(const PreparedPolicy& candidate, const std::vector<DeviceBinding>& devices,
               std::uint64_t generation, const Sizes& sizes, const FlowHash::Seed& seed, TimePoint now)
    : context_(candidate.context),
      candidate_(compiled_for(candidate, generation + 1, devices)),
      waiting_(allowance_, seed),
      read_(sizes.workers),
      numbers_(sizes.differences, FlowHash(seed)) {
  for (std::size_t i = 0; i < sizes.workers; ++i) {
    noted_.emplace_back(std::in_place, sizes.differences, seed);
    shards_.emplace_back(std::in_place, sizes.flows, seed, allowance_);
    shards_.back().with([&](Shard& shard) {
      shard.use(waiting_);
      shard.counters().reserve(context_->slots.size());
      shard.adopt(candidate_, now);
    });
  }
}

// A change of policy ends no flow for want of room, so neither does this.
void Shadow::add(const Flow& flow) {
  if (!has_ended(*candidate_, flow.key)) waiting_.add(flow, std::numeric_limits<std::uint32_t>::max());
}

void Shadow::inherit(const CompiledPolicy& live, const Flow& flow) {
  if (!has_ended(live, flow.key)) add(flow);  // otherwise a sweep has yet to take it away
}

void Shadow::follow(const FlowTable& flows, const Decision& decision) {
  for (std::size_t i = 0; i < decision.effect_size; ++i) {
    const FlowKey& key = decision.effects.at(i).key;
    const Flow* flow = flows.find_held(key);
    if (flow != nullptr && !has_ended(*candidate_, key))
      waiting_.replace(*flow, std::numeric_limits<std::uint32_t>::max());
    else if (waiting_.claim(key))
      waiting_.give_back(key);
  }
}

void Shadow::judge(std::size_t worker, std::span<const QueuedPacket> burst, std::span<const Decided> decided,
                   const std::shared_ptr<const CompiledPolicy>& policy, TimePoint now) {
  std::array<bool, max_burst> related{};
  if (candidate_->behavior.icmp_related == Behavior::IcmpRelated::linux_)
    for (const auto& [place, packet, live] : decided)
      if (packet)
        related[place] = related_elsewhere(*candidate_, shards_, worker, *packet, burst[place], now);

  waiting_.expire(now);  // a flow that idled too long while it waited takes up no room any more
  shards_[worker].with([&](Shard& shard) {
    noted_[worker].with([&](ShadowDifferences& noted) {
      for (const auto& [place, packet, live] : decided) {
        noted.judged();
        if (!packet) {  // which no policy has a say in
          shard.count(packet.error(), burst[place].wire_length, now);
          continue;
        }
        const Journey journey = journey_of(*candidate_, *packet, burst[place]);
        const Decision candidate = shard.judge(*candidate_, {*packet, journey, now, related[place]});
        if (candidate.verdict != live.verdict) noted.note({now, *packet, live, candidate, policy});
      }
    });
    shard.expire(now, expiry_budget);
  });
}

std::vector<Shadow::Numbered> Shadow::read(std::size_t most) {
  std::vector<Numbered> found;
  std::vector<ShadowDifference> copies;
  copies.reserve(piece);  // not under the lock
  for (std::size_t worker = 0; worker < noted_.size(); ++worker) {
    while (found.size() < most) {
      copies.clear();
      noted_[worker].read([&](const ShadowDifferences& noted) { noted.copy(read_[worker], piece, copies); });
      if (copies.empty()) break;
      read_[worker] += copies.size();
      for (ShadowDifference& difference : copies) {
        const auto [place, is_new] = numbers_.try_emplace(key_of(difference), numbers_.size());
        if (is_new) found.push_back({place->second, std::move(difference)});
      }
    }
  }
  return found;
}

Shadow::Totals Shadow::totals() const {
  Totals sum;
  for (const Guarded<ShadowDifferences>& guarded : noted_)
    guarded.read([&sum](const ShadowDifferences& noted) {
      sum.judged += noted.packets();
      sum.differing += noted.differing();
      sum.unlisted += noted.unlisted();
    });
  return sum;
}

std::vector<std::uint64_t> Shadow::counts() const {
  std::vector<std::uint64_t> sums(numbers_.size());
  for (std::size_t worker = 0; worker < noted_.size(); ++worker) {
    std::vector<ShadowDifference> copies;
    for (std::size_t from = 0; from < read_[worker]; from += piece) {
      copies.clear();
      copies.reserve(piece);
      noted_[worker].read([&](const ShadowDifferences& noted) { noted.copy(from, piece, copies); });
      for (const ShadowDifference& difference : copies)
        if (const auto number = numbers_.find(key_of(difference)); number != numbers_.end())
          sums.at(number->second) += difference.count;
    }
  }
  return sums;
}

}  // namespace vpcwall

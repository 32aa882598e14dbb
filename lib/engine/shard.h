// What one worker owns: its flows and its counters, and the one place where a decision takes effect.
//
//   Shard shard(capacity, seed, allowance);
//   shard.adopt(policy, now);                              // once per new policy, before judging under it
//   Decision decision = shard.judge(*policy, question);    // evaluate, apply, count
//   shard.sweep(now, 1024);                                // between bursts, until it says that it is done
//   shard.expire(now, 64);                                 // likewise, for ever
//
// A change of policy ends flows (C-20, C-25, C-67). To look at all of them takes longer the more there are,
// so it is done in parts; a flow that the sweep has not come to is looked at when a packet asks for it. Until
// the sweep is done flows() may still show a flow that has ended; no decision does.
//
// With a fast path, the kernel answers by itself what was judged before. Who owns the shard then also says
//
//   if (shard.passes(packet, passages.there, now)) …        // before judge()
//   shard.remember(*policy, question, decision, passages);  // after judge()
//   shard.take_over(64);                                    // between bursts: what the kernel counted
//
// A Shard has one writer. Others may read its counters at any time, and its flows only under the lock that
// the runtime keeps with it (Guarded<Shard>). The allowance is shared by all shards.
#pragma once

#include <memory>

#include "engine/cached_flows.h"
#include "engine/cached_refusals.h"
#include "engine/counters.h"
#include "engine/evaluate.h"
#include "engine/waiting_flows.h"

namespace vpcwall {

class Shard {
 public:
  Shard(std::size_t flow_capacity, const FlowHash::Seed& seed, FlowAllowance& allowance);

  // Flows that an earlier process left; what a packet asks for of them is taken over. Before the first
  // packet.
  void use(WaitingFlows& waiting) noexcept { waiting_ = &waiting; }

  // Where flows that end are noted for the process after this one. Before the first packet.
  void use(const EndedFlows& ended) noexcept { flows_.note_ends_in(ended); }

  // From now on decisions may be remembered there; refusals only if `refusals`. Before the first packet.
  void use(FastPath& fast_path, Places::Owner owner, bool refusals = true);

  // Takes a configuration change into account (C-20, C-25, C-67): flows that are now untracked, and flows of
  // interfaces that are gone, have ended. Everything else lives on. Ends a sweep that is still under way.
  void adopt(std::shared_ptr<const CompiledPolicy> policy, TimePoint now);

  // Discards what the last change ended, at up to `budget` places of the table. True when nothing is left to
  // do.
  bool sweep(TimePoint now, std::size_t budget);

  // Judges one packet under `policy`, which must be the one last adopted, and applies the result.
  Decision judge(const CompiledPolicy& policy, const Question& question);

  // Whether the packet passes without being judged because its like was, and only came to be queued before
  // the kernel knew: when a flow begins in a hurry, most of its first packets. Counted like those that the
  // kernel passes. False without a fast path.
  [[nodiscard]] bool passes(const Packet& packet, const Passage& passage, TimePoint now) {
    if (!cache_ || !cache_->flows.passes(packet, passage, now)) return false;
    counters_.count_by_record();
    return true;
  }
  // Lets the kernel repeat `decision`, which judge() gave just now, where that is exact; nothing without a
  // fast path.
  void remember(const CompiledPolicy& policy, const Question& question, const Decision& decision,
                const Passages& passages);
  // Takes over what the kernel has counted, `budget` records at a time. True after the last one of all, and
  // without a fast path.
  bool take_over(std::size_t budget);
  [[nodiscard]] bool has_fast_path() const noexcept { return cache_ != nullptr; }
  // What the kernel answers by itself.
  [[nodiscard]] std::size_t cached_flows() const noexcept { return cache_ ? cache_->flows.size() : 0; }
  [[nodiscard]] std::size_t cached_refusals() const noexcept { return cache_ ? cache_->refusals.size() : 0; }

  // The same judgement without any effect, with its trace.
  [[nodiscard]] Decision explain(const CompiledPolicy& policy, const Question& question, Trace& trace) const;

  void count(ParseError error, std::uint32_t bytes, TimePoint now) noexcept {
    counters_.count(error, bytes, now);
  }

  // Takes up to `budget` idle flows away; returns how many.
  std::size_t expire(TimePoint now, std::size_t budget);

  [[nodiscard]] bool tracks(const FlowKey& key, TimePoint now) const;
  // Whether it waits for the next packet, so that this shard, too, may come to track it.
  [[nodiscard]] bool awaits(const FlowKey& key, TimePoint now) const;
  [[nodiscard]] const FlowTable& flows() const noexcept { return flows_; }
  [[nodiscard]] const FlowShares& shares() const noexcept { return shares_; }
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  [[nodiscard]] Counters& counters() noexcept { return counters_; }

 private:
  // False when another shard took the interface's last allowance after evaluate() had seen it.
  [[nodiscard]] bool apply(const CompiledPolicy& policy, const FlowEffect& effect, const Packet& packet,
                           TimePoint now);
  [[nodiscard]] bool is_in_use(const Flow& flow, TimePoint now);
  void came(const FlowKey& key);
  void left(const FlowKey& key);
  void erase(const FlowKey& key);
  [[nodiscard]] bool is_swept() const noexcept { return swept_ == to_sweep_; }
  [[nodiscard]] bool has_ended(const Flow& flow) const noexcept;
  void end_flows_of(const CompiledPolicy& policy, const Question& question);
  void claim_flows_of(const CompiledPolicy& policy, const Question& question);
  [[nodiscard]] bool make_room(TimePoint now);

  struct Cache {
    Cache(FastPath& shared, Places::Owner owner, FlowTable& table, Counters& counters, bool refusals_too)
        : fast_path(shared),
          flows(shared, owner, table, counters),
          refusals(shared, owner, counters),
          remembers_refusals(refusals_too) {}

    FastPath& fast_path;
    CachedFlows flows;
    CachedRefusals refusals;
    bool remembers_refusals;
    bool flows_done = false;
    TimePoint looked_at_all{};  // for expired flows
  };

  FlowTable flows_;
  Counters counters_;
  FlowAllowance& allowance_;
  FlowShares shares_;
  std::shared_ptr<const CompiledPolicy> adopted_;
  std::uint32_t swept_ = 0, to_sweep_ = 0;  // places of flows_
  std::unique_ptr<Cache> cache_;            // null: every packet is judged
  WaitingFlows* waiting_ = nullptr;
};

}  // namespace vpcwall

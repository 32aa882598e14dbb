// What one worker owns: its flows and its counters, and the one place where a decision takes effect.
//
//   Shard shard(capacity, seed, allowance);
//   shard.adopt(*policy, now);                             // once per new policy, before judging under it
//   Decision decision = shard.judge(*policy, question);    // evaluate, apply, count
//   shard.expire(now, 64);                                 // between bursts
//
// A Shard has one writer. Others may read its counters at any time, and its flows only under the lock that
// the runtime keeps with it (Guarded<Shard>). The allowance is shared by all shards.
#pragma once

#include "engine/counters.h"
#include "engine/evaluate.h"

namespace vpcwall {

class Shard {
 public:
  Shard(std::size_t flow_capacity, const FlowHash::Seed& seed, FlowAllowance& allowance);

  // Takes a configuration change into account (C-20, C-25, C-67): flows that are now untracked, and flows of
  // interfaces that are gone, are discarded. Everything else lives on.
  void adopt(const CompiledPolicy& policy, TimePoint now);

  // Judges one packet under `policy`, which must be the one last adopted, and applies the result.
  Decision judge(const CompiledPolicy& policy, const Question& question);

  // The same judgement without any effect, with its trace.
  [[nodiscard]] Decision explain(const CompiledPolicy& policy, const Question& question, Trace& trace) const;

  void count(ParseError error, std::uint32_t bytes, TimePoint now) noexcept {
    counters_.count(error, bytes, now);
  }

  // Takes up to `budget` idle flows away; returns how many.
  std::size_t expire(TimePoint now, std::size_t budget);

  [[nodiscard]] bool tracks(const FlowKey& key, TimePoint now) const noexcept {
    return flows_.find(key, now) != nullptr;
  }
  [[nodiscard]] const FlowTable& flows() const noexcept { return flows_; }
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  [[nodiscard]] Counters& counters() noexcept { return counters_; }

 private:
  // False when another shard took the interface's last allowance after evaluate() had seen it.
  [[nodiscard]] bool apply(const CompiledPolicy& policy, const FlowEffect& effect, const Packet& packet,
                           TimePoint now);
  void give_back(const Flow& flow) noexcept { allowance_.give(flow.key.interface); }

  FlowTable flows_;
  Counters counters_;
  FlowAllowance& allowance_;
};

}  // namespace vpcwall

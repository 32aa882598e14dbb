// The one way in which a policy comes into force, whoever asks for it: whole, or not at all.
//
//   compile -> make room for counters -> announce -> publish one snapshot -> wait until every worker judges
//   under it
//
// Reading and checking the text comes before and is not this file's business. apply() is called from one
// thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "policy/compile.h"
#include "runtime/generation_barrier.h"
#include "runtime/snapshot.h"
#include "runtime/worker.h"

namespace vpcwall {

struct ReloadReport {
  std::uint64_t generation = 0;
  bool everywhere = false;                  // every worker judges under it
  std::vector<std::string> added, removed;  // "ingress tcp 443 0.0.0.0/0 of web", by rule identity
  std::vector<std::string> changed;         // same rule, other match: its counters start at zero
};

class Reloader {
 public:
  // `announce` is told of a policy just before it is published; nobody may answer packets by an older one
  // from then on without asking a worker. `wake_workers` makes idle workers look at the snapshot.
  Reloader(Snapshot<CompiledPolicy>& policies, Shards& shards, GenerationBarrier& barrier,
           std::function<void(const CompiledPolicy&)> announce, std::function<void()> wake_workers);

  // Throws std::runtime_error when a bound of the process could be met: interface ids, or rules, over its
  // life.
  void require_room_for(const Policy& policy) const;
  // Waits up to `longest_wait` for the workers; zero where none runs yet. Throws like require_room_for(), and
  // then nothing has changed.
  ReloadReport apply(const Policy& policy, const std::vector<DeviceBinding>& devices, Duration longest_wait);

  // The slot of a rule that an earlier process counted for.
  CounterSlot slot_for(const RuleIdentity& identity, const std::string& owner_name) {
    const CounterSlot slot = context_.slots.assign(identity, owner_name);
    for (Guarded<Shard>& shard : shards_) shard.unguarded().counters().reserve(context_.slots.size());
    return slot;
  }

  // What is in force. Null before the first apply().
  [[nodiscard]] std::shared_ptr<const CompiledPolicy> current() const { return policies_.get(); }
  [[nodiscard]] const CounterSlots& slots() const noexcept { return context_.slots; }
  [[nodiscard]] const CompileContext& context() const noexcept { return context_; }

 private:
  Snapshot<CompiledPolicy>& policies_;
  Shards& shards_;
  GenerationBarrier& barrier_;
  std::function<void(const CompiledPolicy&)> announce_;
  std::function<void()> wake_workers_;
  CompileContext context_;
  std::uint64_t generation_ = 0;
};

}  // namespace vpcwall

// The one way in which a policy comes into force, whoever asks for it: whole, or not at all.
//
//   make room for counters -> announce -> publish one snapshot -> wait until every worker judges under it
//
// What takes time comes before and is not this file's business: reading and checking the text, and making it
// ready to match (prepared_policy.h). Everything here is called from one thread, which owns what is in force.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "policy/compile.h"
#include "runtime/generation_barrier.h"
#include "runtime/prepared_policy.h"
#include "runtime/snapshot.h"
#include "runtime/worker.h"

namespace vpcwall {

struct ReloadReport : RuleChanges {
  std::uint64_t generation = 0;
  bool everywhere = false;  // every worker judges under it
};

class Reloader {
 public:
  // `announce` is told of a policy just before it is published; nobody may answer packets by an older one
  // from then on without asking a worker. `wake_workers` makes idle workers look at the snapshot.
  Reloader(Snapshot<CompiledPolicy>& policies, Shards& shards, GenerationBarrier& barrier,
           std::function<void(const CompiledPolicy&)> announce, std::function<void()> wake_workers);

  // Throws std::runtime_error when `next` was not prepared from what is in force now.
  void require_prepared_from_here(const PreparedPolicy& next) const;
  // Waits up to `longest_wait` for the workers; zero where none runs yet. Throws std::runtime_error when
  // `next` was not prepared from what is in force now, and then nothing has changed.
  ReloadReport bring_into_force(std::shared_ptr<const PreparedPolicy> next,
                                const std::vector<DeviceBinding>& devices, Duration longest_wait);
  // Prepares as well. Throws like prepare().
  ReloadReport apply(const Policy& policy, const std::vector<DeviceBinding>& devices, Duration longest_wait);
  // The policy in force for other devices, as a generation of its own. Compiles nothing.
  ReloadReport rebind(const std::vector<DeviceBinding>& devices, Duration longest_wait);

  // Hands out slots of rules that are not in force, such as those that an earlier process counted for.
  void add_slots(const std::function<void(CounterSlots&)>& add);

  // What is in force. Null before the first policy.
  [[nodiscard]] std::shared_ptr<const CompiledPolicy> current() const { return policies_.get(); }
  [[nodiscard]] const std::shared_ptr<const PreparedPolicy>& in_force() const noexcept { return in_force_; }
  // Until the next change.
  [[nodiscard]] const CounterSlots& slots() const noexcept { return context_->slots; }
  [[nodiscard]] const std::shared_ptr<const CompileContext>& context() const noexcept { return context_; }

 private:
  ReloadReport publish(const std::vector<DeviceBinding>& devices, Duration longest_wait);
  void make_room_for_counters();

  Snapshot<CompiledPolicy>& policies_;
  Shards& shards_;
  GenerationBarrier& barrier_;
  std::function<void(const CompiledPolicy&)> announce_;
  std::function<void()> wake_workers_;
  std::shared_ptr<const PreparedPolicy> in_force_;
  std::shared_ptr<const CompileContext> context_ = std::make_shared<const CompileContext>();
  std::uint64_t generation_ = 0;
};

}  // namespace vpcwall

// Flows that an earlier process left behind, until their next packet says which worker they belong to.
//
//   WaitingFlows waiting(allowance);
//   waiting.add(flow, most);                   // before the workers start
//   if (waiting.any()) waiting.claim(key);     // a worker that does not know a packet's flow
//   waiting.expire(now);                       // now and then
//
// How the kernel spreads packets over queues may have changed meanwhile, so nobody can say in advance whose a
// flow is. A flow that waits counts as one that its interface holds, and has its place in the fast path's
// presence filter, as if it were in a table; who claims it takes both over. any() is one relaxed load, false
// for ever once all are gone. Any thread; a lock of its own, taken last.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "fast_path/fast_path.h"
#include "flow/flow_allowance.h"
#include "flow/flow_table.h"

namespace vpcwall {

class WaitingFlows {
 public:
  explicit WaitingFlows(FlowAllowance& allowance) : allowance_(allowance) {}
  // Before the first flow is added.
  void use(FastPath& fast_path) noexcept { fast_path_ = &fast_path; }

  // Of two accounts of one flow that with the later packet counts; what it does not know comes from the other
  // one. False when the interface may hold no more flows.
  bool add(const Flow& flow, std::uint32_t most_of_interface);

  [[nodiscard]] bool any() const noexcept { return size_.load(std::memory_order_relaxed) != 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

  // Takes it out. The allowance and the presence now belong to the caller, who gives them back with the flow.
  [[nodiscard]] std::optional<Flow> claim(const FlowKey& key);
  [[nodiscard]] std::optional<Flow> find(const FlowKey& key, TimePoint now) const;
  // Gives back what claim() handed over with a flow that nobody can use.
  void give_back(const FlowKey& key) noexcept;

  void expire(TimePoint now) {
    drop_if([now](const Flow& flow) { return flow.expires <= now; });
  }
  void drop_if(const std::function<bool(const Flow&)>& ended);
  void visit(TimePoint now, const std::function<void(const Flow&)>& visitor) const;

 private:
  struct Hash {
    std::size_t operator()(const FlowKey& key) const noexcept;
  };
  [[nodiscard]] std::optional<std::uint64_t> presence_of(const FlowKey& key) const noexcept;

  FlowAllowance& allowance_;
  FastPath* fast_path_ = nullptr;
  mutable std::mutex mutex_;
  std::unordered_map<FlowKey, Flow, Hash> flows_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace vpcwall

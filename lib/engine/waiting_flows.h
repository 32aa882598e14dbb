// Flows that an earlier process left behind, until their next packet says which worker they belong to.
//
//   WaitingFlows waiting(allowance, seed);
//   waiting.add(flow, most);                   // before the workers start
//   if (waiting.any()) waiting.claim(key);     // a worker that does not know a packet's flow
//   waiting.expire(now);                       // now and then
//
// How the kernel spreads packets over queues may have changed meanwhile, so nobody can say in advance whose a
// flow is. A flow that waits counts as one that its interface holds, and has its place in the fast path's
// presence filter, as if it were in a table; who claims it takes both over.
//
// Some may wait for days, so what they cost others is little: any() is one relaxed load, false for ever once
// all are gone; for a key that nobody waits with, claim() and find() almost always end at a filter, without a
// lock; and expire() looks only at what has idled. Any thread; a lock of its own, taken last.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "fast_path/fast_path.h"
#include "fast_path/flow_presence.h"
#include "flow/flow_allowance.h"
#include "flow/flow_hash.h"
#include "flow/flow_table.h"

namespace vpcwall {

class WaitingFlows {
 public:
  WaitingFlows(FlowAllowance& allowance, const FlowHash::Seed& seed);
  WaitingFlows(const WaitingFlows&) = delete;
  WaitingFlows& operator=(const WaitingFlows&) = delete;
  ~WaitingFlows() = default;
  // Before the first flow is added.
  void use(FastPath& fast_path) noexcept { fast_path_ = &fast_path; }

  // Of two accounts of one flow that with the later packet counts; what it does not know comes from the other
  // one. False when the interface may hold no more flows.
  bool add(const Flow& flow, std::uint32_t most_of_interface);
  // It is this by now, whatever was known of it; false as add().
  bool replace(const Flow& flow, std::uint32_t most_of_interface);

  [[nodiscard]] bool any() const noexcept { return size_.load(std::memory_order_relaxed) != 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

  // Takes it out. The allowance and the presence now belong to the caller, who gives them back with the flow.
  [[nodiscard]] std::optional<Flow> claim(const FlowKey& key);
  [[nodiscard]] std::optional<Flow> find(const FlowKey& key, TimePoint now) const;
  // Gives back what claim() handed over with a flow that nobody can use.
  void give_back(const FlowKey& key) noexcept;

  // Takes idle ones away, some at a time. True when none is left that has idled too long.
  bool expire(TimePoint now);
  void drop_if(const std::function<bool(const Flow&)>& ended);
  void visit(TimePoint now, const std::function<void(const Flow&)>& visitor) const;
  // The same in parts: those in the buckets [first, last). Once all are added a flow stays in its bucket.
  [[nodiscard]] std::size_t buckets() const;
  void visit(std::size_t first, std::size_t last, TimePoint now,
             const std::function<void(const Flow&)>& visitor) const;

 private:
  struct Expiry {
    TimePoint at;
    FlowKey key;
    friend bool operator>(const Expiry& a, const Expiry& b) noexcept { return a.at > b.at; }
  };
  using Flows = std::unordered_map<FlowKey, Flow, FlowHash>;

  void await_expiry_of(const Flow& flow);
  bool add_new(const Flow& flow, std::uint32_t most_of_interface);
  Flows::iterator take_out(Flows::iterator flow);

  FlowAllowance& allowance_;
  FastPath* fast_path_ = nullptr;
  FlowHash hash_;
  std::vector<std::uint8_t> cells_;
  FlowPresence presence_{cells_};  // of the flows that wait
  mutable std::mutex mutex_;
  Flows flows_;
  // One for each flow, and one more each time that its end came nearer. Those of flows that are gone are
  // passed over; one that lives longer by now is awaited anew.
  std::priority_queue<Expiry, std::vector<Expiry>, std::greater<>> expiries_;
  std::atomic<TimePoint> next_expiry_{TimePoint::max()};
  std::atomic<std::size_t> size_{0};
};

}  // namespace vpcwall

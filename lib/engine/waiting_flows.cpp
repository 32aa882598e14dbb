#include "engine/waiting_flows.h"

#include <algorithm>
#include <utility>

namespace vpcwall {
namespace {

constexpr std::size_t presence_cells = std::size_t{1} << 20U;
constexpr std::size_t expiry_budget = 256;  // under one hold of the lock; some 50 µs

}  // namespace

WaitingFlows::WaitingFlows(FlowAllowance& allowance, const FlowHash::Seed& seed)
    : allowance_(allowance), hash_(seed), cells_(presence_cells), flows_(0, hash_) {}

void WaitingFlows::await_expiry_of(const Flow& flow) {
  expiries_.push({flow.expires, flow.key});
  next_expiry_.store(expiries_.top().at, std::memory_order_relaxed);
}

WaitingFlows::Flows::iterator WaitingFlows::take_out(Flows::iterator flow) {
  presence_.remove(hash_(flow->first));
  const auto next = flows_.erase(flow);
  size_.store(flows_.size(), std::memory_order_relaxed);
  return next;
}

bool WaitingFlows::add(const Flow& flow, std::uint32_t most_of_interface) {
  const std::lock_guard lock(mutex_);
  if (const auto found = flows_.find(flow.key); found != flows_.end()) {
    Flow& known = found->second;
    if (flow.last_packet <= known.last_packet) return true;
    const Flow before = std::exchange(known, flow);
    known.opened_at = std::min(known.opened_at, before.opened_at);
    if (known.opened_by == Flow::nobody) known.opened_by = before.opened_by;
    for (std::size_t side = 0; side < 2; ++side) {
      known.packets[side] = std::max(known.packets[side], before.packets[side]);
      known.bytes[side] = std::max(known.bytes[side], before.bytes[side]);
    }
    if (known.expires < before.expires) await_expiry_of(known);
    return true;
  }
  return add_new(flow, most_of_interface);
}

bool WaitingFlows::replace(const Flow& flow, std::uint32_t most_of_interface) {
  const std::lock_guard lock(mutex_);
  const auto found = flows_.find(flow.key);
  if (found == flows_.end()) return add_new(flow, most_of_interface);
  const Flow before = std::exchange(found->second, flow);
  if (flow.expires < before.expires) await_expiry_of(flow);
  return true;
}

bool WaitingFlows::add_new(const Flow& flow, std::uint32_t most_of_interface) {
  if (!allowance_.take(flow.key.interface, most_of_interface)) return false;
  flows_.emplace(flow.key, flow);
  presence_.add(hash_(flow.key));
  if (fast_path_ != nullptr) fast_path_->flow_came(flow.key);
  await_expiry_of(flow);
  size_.store(flows_.size(), std::memory_order_relaxed);
  return true;
}

std::optional<Flow> WaitingFlows::claim(const FlowKey& key) {
  if (!presence_.may_have_flow(hash_(key))) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = flows_.find(key);
  if (found == flows_.end()) return std::nullopt;
  const Flow flow = found->second;
  take_out(found);
  return flow;
}

std::optional<Flow> WaitingFlows::find(const FlowKey& key, TimePoint now) const {
  if (!presence_.may_have_flow(hash_(key))) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = flows_.find(key);
  if (found == flows_.end() || found->second.expires <= now) return std::nullopt;
  return found->second;
}

void WaitingFlows::give_back(const FlowKey& key) noexcept {
  allowance_.give(key.interface);
  if (fast_path_ != nullptr) fast_path_->flow_left(key);
}

bool WaitingFlows::expire(TimePoint now) {
  if (now < next_expiry_.load(std::memory_order_relaxed)) return true;
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < expiry_budget && !expiries_.empty() && expiries_.top().at <= now; ++i) {
    const FlowKey key = expiries_.top().key;
    expiries_.pop();
    const auto found = flows_.find(key);
    if (found == flows_.end()) continue;
    if (found->second.expires > now) {
      expiries_.push({found->second.expires, key});
      continue;
    }
    take_out(found);
    give_back(key);
  }
  next_expiry_.store(expiries_.empty() ? TimePoint::max() : expiries_.top().at, std::memory_order_relaxed);
  return expiries_.empty() || expiries_.top().at > now;
}

void WaitingFlows::drop_if(const std::function<bool(const Flow&)>& ended) {
  if (!any()) return;
  const std::lock_guard lock(mutex_);
  for (auto flow = flows_.begin(); flow != flows_.end();) {
    if (!ended(flow->second)) {
      ++flow;
      continue;
    }
    const FlowKey key = flow->first;
    flow = take_out(flow);
    give_back(key);
  }
}

void WaitingFlows::visit(TimePoint now, const std::function<void(const Flow&)>& visitor) const {
  if (!any()) return;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, flow] : flows_)
    if (flow.expires > now) visitor(flow);
}

std::size_t WaitingFlows::buckets() const {
  const std::lock_guard lock(mutex_);
  return flows_.bucket_count();
}

void WaitingFlows::visit(std::size_t first, std::size_t last, TimePoint now,
                         const std::function<void(const Flow&)>& visitor) const {
  const std::lock_guard lock(mutex_);
  for (std::size_t bucket = first; bucket < last && bucket < flows_.bucket_count(); ++bucket)
    for (auto flow = flows_.begin(bucket); flow != flows_.end(bucket); ++flow)
      if (flow->second.expires > now) visitor(flow->second);
}

}  // namespace vpcwall

#include "engine/waiting_flows.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "fast_path/tuple.h"

namespace vpcwall {

// The keys come from a file of ours, so nobody aims them at one bucket.
std::size_t WaitingFlows::Hash::operator()(const FlowKey& key) const noexcept {
  return std::hash<std::string_view>{}(
      {reinterpret_cast<const char*>(&key), sizeof key});  // NOLINT: plain bytes
}

std::optional<std::uint64_t> WaitingFlows::presence_of(const FlowKey& key) const noexcept {
  if (fast_path_ == nullptr || !has_ports(key.protocol)) return std::nullopt;
  const DirectedTuple directed = directed_tuple(key);
  return fast_path::hash_tuple(&directed.tuple, fast_path_->hash_key());
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
    return true;
  }
  if (!allowance_.take(flow.key.interface, most_of_interface)) return false;
  flows_.emplace(flow.key, flow);
  if (const auto presence = presence_of(flow.key)) fast_path_->presence().add(*presence);
  size_.store(flows_.size(), std::memory_order_relaxed);
  return true;
}

std::optional<Flow> WaitingFlows::claim(const FlowKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = flows_.find(key);
  if (found == flows_.end()) return std::nullopt;
  const Flow flow = found->second;
  flows_.erase(found);
  size_.store(flows_.size(), std::memory_order_relaxed);
  return flow;
}

std::optional<Flow> WaitingFlows::find(const FlowKey& key, TimePoint now) const {
  const std::lock_guard lock(mutex_);
  const auto found = flows_.find(key);
  if (found == flows_.end() || found->second.expires <= now) return std::nullopt;
  return found->second;
}

void WaitingFlows::give_back(const FlowKey& key) noexcept {
  allowance_.give(key.interface);
  if (const auto presence = presence_of(key)) fast_path_->presence().remove(*presence);
}

void WaitingFlows::drop_if(const std::function<bool(const Flow&)>& ended) {
  if (!any()) return;
  const std::lock_guard lock(mutex_);
  std::erase_if(flows_, [&](const auto& entry) {
    if (!ended(entry.second)) return false;
    give_back(entry.first);
    return true;
  });
  size_.store(flows_.size(), std::memory_order_relaxed);
}

void WaitingFlows::visit(TimePoint now, const std::function<void(const Flow&)>& visitor) const {
  if (!any()) return;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, flow] : flows_)
    if (flow.expires > now) visitor(flow);
}

}  // namespace vpcwall

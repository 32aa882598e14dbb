#include "flow/flow_table.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace vpcwall {

FlowTable::FlowTable(std::size_t capacity, const FlowHash::Seed& seed) : hash_(seed), capacity_(capacity) {
  if (capacity == 0 || capacity > (std::size_t{1} << 28U))
    throw std::invalid_argument("flow table capacity must be 1 to 268435456");
  const std::size_t bucket_count = std::bit_ceil(capacity);
  bucket_mask_ = static_cast<std::uint32_t>(bucket_count - 1);
  static_assert(std::is_trivially_destructible_v<Entry>);
  storage_ = std::make_unique_for_overwrite<std::byte[]>(capacity * sizeof(Entry));
  entries_ = reinterpret_cast<Entry*>(storage_.get());  // NOLINT: entries begin their life in take_free()
  timers_.reserve(64);
  buckets_.assign(bucket_count, nil);
}

std::size_t FlowTable::memory_bytes() const noexcept {
  return capacity_ * sizeof(Entry) + buckets_.size() * sizeof(buckets_.front());
}

std::uint32_t FlowTable::take_free() noexcept {
  if (free_ != nil) return std::exchange(free_, entries_[free_].next_in_bucket);
  if (used_ == capacity_) return nil;
  std::construct_at(&entries_[used_]);
  return used_++;
}

std::uint32_t FlowTable::insert(const FlowKey& key, TimePoint now) {
  if (const std::uint32_t old = locate(key); old != nil) {
    if (entries_[old].flow.expires > now) return nil;
    unlink(old);
  }
  const std::uint32_t index = take_free();
  if (index == nil) return nil;
  Entry& entry = entries_[index];
  entry = Entry{};
  entry.flow.key = key;
  entry.live = true;
  std::uint32_t& head = buckets_[bucket_of(key)];
  entry.next_in_bucket = std::exchange(head, index);
  ++size_;
  return index;
}

bool FlowTable::open(const FlowKey& key, const FlowOpening& opening, TimePoint now) {
  const std::uint32_t index = insert(key, now);
  if (index == nil) return false;
  Flow& flow = entries_[index].flow;
  flow.opened_at = now;
  flow.originator = opening.originator;
  flow.opened_by = opening.opened_by;
  flow.packets[0] = 1;
  flow.bytes[0] = opening.bytes;
  flow.state = first_state(key.protocol, key.family, opening.tcp_flags);
  restart_timer(index, idle_timeout(flow.state, opening.timeouts), now);
  return true;
}

bool FlowTable::restore(const Flow& flow, TimePoint now) {
  if (flow.expires <= now) return false;
  const std::uint32_t index = insert(flow.key, now);
  if (index == nil) return false;
  Entry& entry = entries_[index];
  entry.flow = flow;
  entry.timer = timer_for(flow.expires - flow.last_packet);
  Timer& timer = timers_[entry.timer];
  entry.older = timer.newest;
  while (entry.older != nil && entries_[entry.older].flow.expires > flow.expires) {
    entry.newer = entry.older;
    entry.older = entries_[entry.older].older;
  }
  (entry.older == nil ? timer.oldest : entries_[entry.older].newer) = index;
  (entry.newer == nil ? timer.newest : entries_[entry.newer].older) = index;
  return true;
}

bool FlowTable::take_in(const Flow& flow, TimePoint now) {
  if (flow.expires <= now) return false;
  const std::uint32_t index = insert(flow.key, now);
  if (index == nil) return false;
  entries_[index].flow = flow;
  restart_timer(index, flow.expires - flow.last_packet, flow.last_packet);
  return true;
}

void FlowTable::touch(const FlowKey& key, const FlowPacket& packet, TimePoint now) noexcept {
  const std::uint32_t index = locate(key);
  if (index == nil || entries_[index].flow.expires <= now) return;
  Flow& flow = entries_[index].flow;
  const auto side = static_cast<std::size_t>(packet.direction);
  ++flow.packets[side];
  flow.bytes[side] += packet.bytes;
  enter(flow, next_state(flow.state, packet.tcp_flags, packet.direction));
  const Duration timeout = idle_timeout(flow.state, packet.timeouts);
  leave_timer(index);
  restart_timer(index, timeout, now);
}

void FlowTable::catch_up(const FlowKey& key, const FlowProgress& progress) noexcept {
  const std::uint32_t index = locate(key);
  if (index == nil) return;
  Flow& flow = entries_[index].flow;
  for (std::size_t side = 0; side < 2; ++side) {
    flow.packets[side] += progress.packets[side];
    flow.bytes[side] += progress.bytes[side];
  }
  enter(flow, progress.state);
  const TimePoint last = std::max(flow.last_packet, progress.last_packet);
  leave_timer(index);
  restart_timer(index, idle_timeout(flow.state, progress.timeouts), last);
}

bool FlowTable::erase(const FlowKey& key) noexcept {
  const std::uint32_t index = locate(key);
  if (index == nil) return false;
  unlink(index);
  return true;
}

std::uint32_t FlowTable::next_expired(TimePoint now) const noexcept {
  for (const Timer& timer : timers_)
    if (timer.oldest != nil && entries_[timer.oldest].flow.expires <= now) return timer.oldest;
  return nil;
}

// Timeouts come from a small set: AWS's per-interface values and our constants. A policy with very many
// different ones makes this list longer, never wrong.
std::uint16_t FlowTable::timer_for(Duration timeout) {
  const auto found = std::find_if(timers_.begin(), timers_.end(),
                                  [timeout](const Timer& timer) { return timer.timeout == timeout; });
  if (found != timers_.end()) return static_cast<std::uint16_t>(found - timers_.begin());
  const auto idle =
      std::find_if(timers_.begin(), timers_.end(), [](const Timer& timer) { return timer.oldest == nil; });
  if (idle != timers_.end()) {
    idle->timeout = timeout;
    return static_cast<std::uint16_t>(idle - timers_.begin());
  }
  timers_.push_back({timeout, nil, nil});
  return static_cast<std::uint16_t>(timers_.size() - 1);
}

void FlowTable::leave_timer(std::uint32_t index) noexcept {
  Entry& entry = entries_[index];
  Timer& timer = timers_[entry.timer];
  (entry.older == nil ? timer.oldest : entries_[entry.older].newer) = entry.newer;
  (entry.newer == nil ? timer.newest : entries_[entry.newer].older) = entry.older;
}

void FlowTable::restart_timer(std::uint32_t index, Duration timeout, TimePoint now) {
  Entry& entry = entries_[index];
  entry.flow.last_packet = now;
  entry.flow.expires = now + timeout;
  entry.timer = timer_for(timeout);
  Timer& timer = timers_[entry.timer];
  entry.older = timer.newest;
  entry.newer = nil;
  (timer.newest == nil ? timer.oldest : entries_[timer.newest].newer) = index;
  timer.newest = index;
}

void FlowTable::enter(Flow& flow, FlowState state) const noexcept {
  if (ended_ != nullptr && is_closed(state) && !is_closed(flow.state)) ended_->note(flow.key);
  flow.state = state;
}

void FlowTable::unlink(std::uint32_t index) noexcept {
  Entry& entry = entries_[index];
  if (ended_ != nullptr) ended_->note(entry.flow.key);
  leave_timer(index);
  std::uint32_t* link = &buckets_[bucket_of(entry.flow.key)];
  while (*link != index) link = &entries_[*link].next_in_bucket;
  *link = entry.next_in_bucket;
  entry.live = false;
  entry.next_in_bucket = std::exchange(free_, index);
  --size_;
}

}  // namespace vpcwall

// One shard's flows: a map of fixed capacity whose entries leave by themselves when they idle too long.
//
//   FlowTable flows(capacity, seed);
//   if (const Flow* flow = flows.find(key, now)) ...
//   flows.open(key, {...}, now);  flows.touch(key, ..., now);
//   flows.expire(now, budget);                              // between bursts
//
// Time: an entry is gone at the very moment its idle time reaches the timeout of its state (C-42): find()
// treats it as absent from then on, whether or not expire() has taken it away yet.
// Cost: every operation is O(1). Entries of equal timeout stand in one list in the order of their last
// packet, so the next one to expire is always at the head of a list, and expire() never scans. Bounds: memory
// is reserved at construction and never grows; open() refuses when no slot is free. Threads: one owner;
// nobody else touches it, not even to read, without the owner's lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/time.h"
#include "flow/ended_flows.h"
#include "flow/flow_hash.h"
#include "flow/flow_key.h"
#include "flow/flow_state.h"

namespace vpcwall {

// Who sent the packet that opened the flow: the interface's own side or the other one.
enum class Originator : std::uint8_t { local, remote };

struct Flow {
  static constexpr std::uint32_t nobody = 0xffffffffU;  // of opened_by: not known any more

  FlowKey key;
  TimePoint opened_at, last_packet, expires;
  std::uint64_t packets[2] = {0, 0};  // by FlowDirection
  std::uint64_t bytes[2] = {0, 0};
  std::uint32_t opened_by = 0;  // counter slot of the rule that let the first packet in
  FlowState state = FlowState::other;
  Originator originator = Originator::local;
  // From a copy that a process made which then ended without notice: what a SYN on its tuple is, today's
  // rules say (C-67).
  bool restored = false;
};

struct FlowOpening {
  Originator originator = Originator::local;
  std::uint32_t opened_by = 0;
  TcpFlags tcp_flags;
  FlowTimeouts timeouts;
  std::uint32_t bytes = 0;
};

struct FlowPacket {
  FlowDirection direction = FlowDirection::original;
  TcpFlags tcp_flags;
  FlowTimeouts timeouts;
  std::uint32_t bytes = 0;
};

// What became of a flow while somebody else counted its packets.
struct FlowProgress {
  FlowState state = FlowState::other;
  TimePoint last_packet;
  std::uint64_t packets[2] = {0, 0};  // more than before, by FlowDirection
  std::uint64_t bytes[2] = {0, 0};
  FlowTimeouts timeouts;
};

class FlowTable {
 public:
  FlowTable(std::size_t capacity, const FlowHash::Seed& seed);

  // From now on every flow that ends is noted there: that is closed, or removed for whatever reason.
  void note_ends_in(const EndedFlows& ended) noexcept { ended_ = &ended; }

  // The live flow of `key`, or null. The pointer is good until the next change of the table.
  [[nodiscard]] const Flow* find(const FlowKey& key, TimePoint now) const noexcept {
    const std::uint32_t index = locate(key);
    if (index == nil || entries_[index].flow.expires <= now) return nullptr;
    return &entries_[index].flow;
  }

  // The same, even if it has expired and nobody has taken it away yet.
  [[nodiscard]] const Flow* find_held(const FlowKey& key) const noexcept {
    const std::uint32_t index = locate(key);
    return index == nil ? nullptr : &entries_[index].flow;
  }

  // Entries held, the expired ones that expire() has not met yet included.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  // What the table takes when full; the kernel backs the pages of the entries as flows first use them.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

  // Adds a flow. False, and nothing changed, when the table is full or the key is already live.
  bool open(const FlowKey& key, const FlowOpening& opening, TimePoint now);

  // Adds a copy of a flow as it stands, timer included. False, and nothing changed, when there is no room,
  // the key is already live, or `flow` has expired. Costs a walk over the flows that expire later than it.
  bool restore(const Flow& flow, TimePoint now);

  // The same at no cost, for a flow whose packet has just come. Its timer stands behind those of flows that
  // were touched since its last packet: expire() may meet it that much late.
  bool take_in(const Flow& flow, TimePoint now);

  // Counts one more accepted packet of a live flow, moves its state and restarts its timer (C-42).
  void touch(const FlowKey& key, const FlowPacket& packet, TimePoint now) noexcept;

  // Takes over what happened to a held flow elsewhere; does nothing when there is none. Its timer then stands
  // behind those of flows that were touched since its last packet: expire() may meet it that much late.
  void catch_up(const FlowKey& key, const FlowProgress& progress) noexcept;

  // Removes the flow of `key`, live or expired. False when there was none.
  bool erase(const FlowKey& key) noexcept;

  // Takes up to `budget` expired flows away and tells `removed(const Flow&)` of each; returns how many.
  template <class Removed>
  std::size_t expire(TimePoint now, std::size_t budget, Removed&& removed) {
    return expire(
        now, budget, [](const Flow&) { return false; }, std::forward<Removed>(removed));
  }
  // The same where somebody may know better: those of which `is_in_use(const Flow&)` are left alone. It must
  // have called catch_up() for them.
  template <class IsInUse, class Removed>
  std::size_t expire(TimePoint now, std::size_t budget, IsInUse&& is_in_use, Removed&& removed) {
    std::size_t count = 0;
    for (std::size_t looked_at = 0; looked_at < budget; ++looked_at) {
      const std::uint32_t index = next_expired(now);
      if (index == nil) break;
      if (is_in_use(std::as_const(entries_[index].flow))) continue;
      removed(std::as_const(entries_[index].flow));
      unlink(index);
      ++count;
    }
    return count;
  }

  // Where flows may stand: at the places from 0 to this one, which is none of them.
  [[nodiscard]] std::uint32_t places() const noexcept { return used_; }

  // Removes every flow at the places [first, last), live or expired, for which `predicate(const Flow&)`
  // holds.
  template <class Predicate, class Removed>
  void erase_if(std::uint32_t first, std::uint32_t last, Predicate&& predicate, Removed&& removed) {
    for (std::uint32_t index = first; index < last && index < used_; ++index) {
      Entry& entry = entries_[index];
      if (!entry.live) continue;
      if (!predicate(std::as_const(entry.flow))) continue;
      removed(std::as_const(entry.flow));
      unlink(index);
    }
  }

  // Calls `visitor(const Flow&)` for each live flow, in no order.
  template <class Visitor>
  void visit(TimePoint now, Visitor&& visitor) const {
    visit(0, used_, now, std::forward<Visitor>(visitor));
  }
  // Those at the places [first, last).
  template <class Visitor>
  void visit(std::uint32_t first, std::uint32_t last, TimePoint now, Visitor&& visitor) const {
    for (std::uint32_t index = first; index < last && index < used_; ++index) {
      const Entry& entry = entries_[index];
      if (entry.live && entry.flow.expires > now) visitor(entry.flow);
    }
  }

 private:
  static constexpr std::uint32_t nil = 0xffffffffU;

  struct Entry {
    Flow flow;
    std::uint32_t next_in_bucket = nil;
    std::uint32_t older = nil, newer = nil;  // neighbours in the timer list
    std::uint16_t timer = 0;                 // index into timers_
    bool live = false;
  };
  static_assert(sizeof(Entry) <= 160);

  // Flows of one timeout value, oldest packet first.
  struct Timer {
    Duration timeout{};
    std::uint32_t oldest = nil, newest = nil;
  };

  [[nodiscard]] std::uint32_t bucket_of(const FlowKey& key) const noexcept {
    return static_cast<std::uint32_t>(hash_(key)) & bucket_mask_;
  }
  [[nodiscard]] std::uint32_t locate(const FlowKey& key) const noexcept {
    std::uint32_t index = buckets_[bucket_of(key)];
    while (index != nil && entries_[index].flow.key != key) index = entries_[index].next_in_bucket;
    return index;
  }
  [[nodiscard]] std::uint32_t next_expired(TimePoint now) const noexcept;
  [[nodiscard]] std::uint32_t take_free() noexcept;
  [[nodiscard]] std::uint16_t timer_for(Duration timeout);
  [[nodiscard]] std::uint32_t insert(const FlowKey& key, TimePoint now);  // nil when refused
  void restart_timer(std::uint32_t index, Duration timeout, TimePoint now);
  void leave_timer(std::uint32_t index) noexcept;
  void unlink(std::uint32_t index) noexcept;  // out of bucket, timer and table
  void enter(Flow& flow, FlowState state) const noexcept;

  FlowHash hash_;
  const EndedFlows* ended_ = nullptr;
  std::size_t capacity_;
  std::size_t size_ = 0;
  std::uint32_t used_ = 0;    // entries_[0, used_) were handed out at least once
  std::uint32_t free_ = nil;  // chain of returned entries, by next_in_bucket
  std::uint32_t bucket_mask_;
  std::unique_ptr<std::byte[]> storage_;  // raw: the kernel backs its pages as flows first use them
  Entry* entries_;
  std::vector<std::uint32_t> buckets_;
  std::vector<Timer> timers_;  // a handful: one per distinct timeout in use
};

}  // namespace vpcwall

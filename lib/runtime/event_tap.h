// What the workers decide, packet by packet, for whoever wants to watch: a bounded record that is off until
// somebody asks for it.
//
//   EventTap tap(workers);
//   tap.enable();                                      // control thread
//   tap.record(worker, packet, decision, policy, now); // that worker, before it answers the packet
//   EventTap::Reading some = tap.read(since, 256);     // control thread; go on with some.next
//
// Off, it costs a worker one relaxed load per burst. On, each worker writes into a ring of its own; when that
// is full, the oldest event goes, and whoever reads is told how many are missing. A reader holds a ring's
// lock for `piece` events at most, so it never makes a worker wait for longer than that. A worker takes the
// lock of its ring while it holds that of its shard, never the other way round.
//
// Events of all workers are numbered together, without gaps, from 0 on and over every disable(): the order in
// which the decisions were taken. disable() forgets what has not been read.
//
// enable(), disable() and read() belong to the control thread, record() to one thread per worker.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "observe/event.h"
#include "runtime/guarded.h"

namespace vpcwall {

class EventTap {
 public:
  static constexpr std::size_t default_capacity = 4096;  // events for each worker
  static constexpr std::size_t piece = 64;               // events copied under one lock

  explicit EventTap(std::size_t workers, std::size_t capacity = default_capacity);

  void enable();
  void disable();
  [[nodiscard]] bool enabled() const noexcept { return enabled_.load(std::memory_order_relaxed); }

  // Does nothing once the tap is off.
  void record(std::size_t worker, const Expected<Packet, ParseError>& packet, const Decision& decision,
              const std::shared_ptr<const CompiledPolicy>& policy, TimePoint at);

  struct Reading {
    std::vector<Event> events;  // in the order of their numbers
    std::uint64_t next = 0;     // where to go on; lower than `since` only if that number was never reached
    std::uint64_t missed = 0;   // numbers from `since` to `next` whose events are gone
  };
  // The first `limit` events from number `since` on.
  [[nodiscard]] Reading read(std::uint64_t since, std::size_t limit) const;
  // The number of the next event.
  [[nodiscard]] std::uint64_t next() const noexcept { return next_.load(std::memory_order_relaxed); }

 private:
  struct Ring {
    bool open = false;
    std::vector<Event> events;  // grows up to the capacity; then the oldest is overwritten
    std::size_t oldest = 0;

    [[nodiscard]] const Event& by_age(std::size_t place) const noexcept;
    [[nodiscard]] std::size_t first_from(std::uint64_t sequence) const noexcept;
  };

  static void copy(const Guarded<Ring>& ring, std::uint64_t since, std::uint64_t end, std::size_t limit,
                   std::vector<Event>& into);

  std::size_t capacity_;
  std::atomic<bool> enabled_{false};
  std::atomic<std::uint64_t> next_{0};
  std::deque<Guarded<Ring>> rings_;  // one per worker
};

}  // namespace vpcwall

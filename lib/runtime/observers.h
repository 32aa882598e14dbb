// Those who observe decisions right now, each with a filter of its own; what every worker keeps for each of
// them.
//
//   Observers observers(workers);
//   const auto number = observers.open(filter, policy, slots);      // control thread
//   observers.note(worker, packet, decision, policy, now);          // that worker, before it answers
//   Observers::Reading some = observers.read(*number);              // control thread, again and again
//   observers.stop(*number);                                        // control thread: nothing more is noted
//   observers.close(*number);                                       // and what is left is forgotten
//
// While nobody observes this costs a worker one relaxed load per burst. A worker never waits for a reader
// longer than it takes to exchange a pointer or to look at `piece` flows, and nobody wakes anybody: whoever
// reads comes by now and then. What is kept for an observer is bounded by Sizes, whatever the traffic and
// however slow the reader: see lib/observe.
//
// Events of all workers are numbered together, by observer, from 0 on and without gaps, and read in that
// order. A worker takes the lock of a cell while it holds that of its shard, never the other way round.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "observe/observation_cell.h"
#include "runtime/guarded.h"

namespace vpcwall {

class Observers {
 public:
  static constexpr std::size_t most = 16;
  static constexpr std::size_t piece = 64;  // flows looked at under one lock

  // What one observer may occupy, spread over the workers.
  struct Sizes {
    std::size_t flows = 8192;
    std::size_t events = 2048;
  };

  explicit Observers(std::size_t workers);
  Observers(std::size_t workers, Sizes sizes);

  // The observer's number; nothing when there are as many as may be.
  [[nodiscard]] std::optional<std::size_t> open(const DecisionFilter& filter, const CompiledPolicy& policy,
                                                const CounterSlots& slots);
  // Before `policy` is published: from then on its decisions are understood.
  void announce(const CompiledPolicy& policy, const CounterSlots& slots);
  void stop(std::size_t observer);
  void close(std::size_t observer);
  [[nodiscard]] std::size_t count() const noexcept;

  [[nodiscard]] bool any() const noexcept { return open_.load(std::memory_order_relaxed) != 0; }
  void note(std::size_t worker, const Expected<Packet, ParseError>& packet, const Decision& decision,
            const std::shared_ptr<const CompiledPolicy>& policy, TimePoint at);

  struct Reading {
    std::vector<ObservedChange> changes;  // in the order of their numbers
    std::uint64_t missed = 0;             // decisions that found no room since the last reading
  };
  [[nodiscard]] Reading read(std::size_t observer);

  // Repeats that nobody has been told of. Begin with an empty cursor; it is at its end when false is
  // returned.
  struct RepeatCursor {
    std::size_t worker = 0, place = 0;
  };
  [[nodiscard]] bool read_repeats(std::size_t observer, RepeatCursor& cursor, std::vector<Repeats>& into);

  // Decisions that the observer's filter let through.
  [[nodiscard]] std::uint64_t decided(std::size_t observer) const;

 private:
  struct Observer {
    bool is_open = false;
    DecisionFilter filter;
    std::deque<Guarded<ObservationCell>> cells;  // one per worker
    std::atomic<std::uint64_t> numbers{0};
    std::vector<ObservedChange> spare;  // empty, with room
    std::vector<ObservedChange> late;   // read, but not yet in their turn
  };

  std::size_t workers_;
  Sizes sizes_;
  std::atomic<std::uint32_t> open_{0};  // one bit for each whose decisions are noted
  std::array<Observer, most> observers_;
};

}  // namespace vpcwall

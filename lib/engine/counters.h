// What one worker has counted: per rule slot, per gate and outcome, per reason, per parse error.
//
// One thread writes (the shard's worker); any thread reads, at any time, without a lock. Every cell is a
// relaxed atomic that its one writer loads, adds to and stores: no locked instruction on the packet path.
// Packets and bytes of one cell may be read a moment apart.
//
// Cells live in chunks that never move. reserve() makes room for more slots before a policy that uses them is
// published, so a worker never counts into a slot that is not there.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/time.h"
#include "engine/decision.h"
#include "net/packet.h"

namespace vpcwall {

struct Count {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  TimePoint last_hit{};  // meaningful when packets > 0

  Count& operator+=(const Count& other) noexcept;
};

// What the gates said of packets that were answered without being judged one by one.
struct JudgedGates {
  // Each side's ACL and groups; a source/destination check speaks only when it refuses.
  static constexpr std::size_t most = 4;

  Reason reason = Reason::passed;
  std::uint8_t size = 0;
  std::array<GateOutcome, most> gates{};
};

class CounterCell {
 public:
  void add(const Count& count) noexcept {
    const bool first = packets_.load(std::memory_order_relaxed) == 0;
    packets_.store(packets_.load(std::memory_order_relaxed) + count.packets, std::memory_order_relaxed);
    bytes_.store(bytes_.load(std::memory_order_relaxed) + count.bytes, std::memory_order_relaxed);
    const Duration::rep hit = count.last_hit.time_since_epoch().count();
    // A time before this boot is before 0.
    if (first || hit > last_hit_.load(std::memory_order_relaxed))
      last_hit_.store(hit, std::memory_order_relaxed);
  }
  void add(std::uint32_t bytes, TimePoint now) noexcept {
    packets_.store(packets_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    bytes_.store(bytes_.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
    last_hit_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }
  [[nodiscard]] Count read() const noexcept;

 private:
  std::atomic<std::uint64_t> packets_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<Duration::rep> last_hit_{0};
};

class Counters {
 public:
  static constexpr std::size_t chunk_size = 1024;
  static constexpr std::size_t max_chunks = 4096;

  // Room for slots [0, slots). Any thread; throws std::length_error beyond chunk_size * max_chunks.
  void reserve(std::size_t slots);

  // Counts one judged packet: its reason, each gate it met, each rule that spoke. The shard's worker only.
  void count(const Decision& decision, std::uint32_t bytes, TimePoint now) noexcept;
  void count(ParseError error, std::uint32_t bytes, TimePoint now) noexcept;
  // The same for packets that somebody else has counted together.
  void count(const JudgedGates& gates, const Count& packets) noexcept;

  // A packet that a worker let pass because its like was judged: it is counted with those later.
  void count_by_record() noexcept {
    by_record_.store(by_record_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // How packets were counted, all of which are in a reason: one by one as judged; together with others of
  // their kind, most of them by the kernel; by an earlier process. And of those together, how many a worker
  // had.
  [[nodiscard]] std::uint64_t judged() const noexcept { return judged_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t together() const noexcept { return together_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t by_record() const noexcept {
    return by_record_.load(std::memory_order_relaxed);
  }

  // Adds what an earlier process had counted. Before the worker starts.
  void add_rule(CounterSlot slot, const Count& count) noexcept;
  void add_gate(Gate gate, Outcome outcome, const Count& count) noexcept;
  void add_reason(Reason reason, const Count& count) noexcept;
  void add_parse_error(ParseError error, const Count& count) noexcept;

  [[nodiscard]] Count rule(CounterSlot slot) const noexcept;
  [[nodiscard]] Count gate(Gate gate, Outcome outcome) const noexcept;
  [[nodiscard]] Count reason(Reason reason) const noexcept;
  [[nodiscard]] Count parse_error(ParseError error) const noexcept;

 private:
  using Chunk = std::array<CounterCell, chunk_size>;
  [[nodiscard]] CounterCell* cell(CounterSlot slot) const noexcept;
  void count_judged() noexcept;

  std::mutex growing_;
  std::array<std::unique_ptr<Chunk>, max_chunks> owned_;
  std::array<std::atomic<Chunk*>, max_chunks> chunks_{};
  std::array<std::array<CounterCell, outcome_count>, gate_count> gates_;
  std::array<CounterCell, reason_count> reasons_;
  std::array<CounterCell, parse_error_count> parse_errors_;
  std::atomic<std::uint64_t> judged_{0}, together_{0}, by_record_{0};
};

}  // namespace vpcwall

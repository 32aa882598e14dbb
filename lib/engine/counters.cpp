#include "engine/counters.h"

#include <algorithm>
#include <stdexcept>

namespace vpcwall {
namespace {

template <class Enum>
constexpr std::size_t index(Enum value) noexcept {
  return static_cast<std::size_t>(value);
}

}  // namespace

Count& Count::operator+=(const Count& other) noexcept {
  packets += other.packets;
  bytes += other.bytes;
  last_hit = std::max(last_hit, other.last_hit);
  return *this;
}

Count CounterCell::read() const noexcept {
  return {packets_.load(std::memory_order_relaxed), bytes_.load(std::memory_order_relaxed),
          TimePoint(Duration(last_hit_.load(std::memory_order_relaxed)))};
}

void Counters::reserve(std::size_t slots) {
  const std::size_t needed = (slots + chunk_size - 1) / chunk_size;
  if (needed > max_chunks) throw std::length_error("more rules over the life of the process than counters");
  const std::lock_guard lock(growing_);
  for (std::size_t i = 0; i < needed; ++i) {
    if (owned_.at(i)) continue;
    owned_.at(i) = std::make_unique<Chunk>();
    chunks_.at(i).store(owned_.at(i).get(), std::memory_order_release);
  }
}

CounterCell* Counters::cell(CounterSlot slot) const noexcept {
  if (slot >= chunk_size * max_chunks) return nullptr;  // no_slot as well
  Chunk* chunk = chunks_[slot / chunk_size].load(std::memory_order_acquire);
  return chunk != nullptr ? &(*chunk)[slot % chunk_size] : nullptr;
}

void Counters::count_judged() noexcept {
  judged_.store(judged_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void Counters::count(const Decision& decision, std::uint32_t bytes, TimePoint now) noexcept {
  count_judged();
  reasons_[index(decision.reason)].add(bytes, now);
  for (std::size_t i = 0; i < decision.gate_size; ++i) {
    const GateOutcome& gate = decision.gates[i];
    gates_[index(gate.gate)][index(gate.outcome)].add(bytes, now);
    // A rule that matched but found the flow table full let nothing pass: not its hit.
    if (gate.outcome == Outcome::table_full) continue;
    if (CounterCell* rule = cell(gate.rule)) rule->add(bytes, now);
  }
}

void Counters::count(ParseError error, std::uint32_t bytes, TimePoint now) noexcept {
  count_judged();
  parse_errors_[index(error)].add(bytes, now);
  reasons_[index(reason_of(error))].add(bytes, now);
}

void Counters::count(const JudgedGates& judged, const Count& packets) noexcept {
  reasons_[index(judged.reason)].add(packets);
  together_.store(together_.load(std::memory_order_relaxed) + packets.packets, std::memory_order_relaxed);
  for (std::size_t i = 0; i < judged.size; ++i) {
    const GateOutcome& gate = judged.gates[i];
    gates_[index(gate.gate)][index(gate.outcome)].add(packets);
    if (CounterCell* rule = cell(gate.rule)) rule->add(packets);
  }
}

void Counters::add_rule(CounterSlot slot, const Count& count) noexcept {
  if (CounterCell* rule = cell(slot)) rule->add(count);
}
void Counters::add_gate(Gate gate, Outcome outcome, const Count& count) noexcept {
  gates_[index(gate)][index(outcome)].add(count);
}
void Counters::add_reason(Reason reason, const Count& count) noexcept { reasons_[index(reason)].add(count); }
void Counters::add_parse_error(ParseError error, const Count& count) noexcept {
  parse_errors_[index(error)].add(count);
}

Count Counters::rule(CounterSlot slot) const noexcept {
  const CounterCell* found = cell(slot);
  return found != nullptr ? found->read() : Count{};
}

Count Counters::gate(Gate gate, Outcome outcome) const noexcept {
  return gates_[index(gate)][index(outcome)].read();
}
Count Counters::reason(Reason reason) const noexcept { return reasons_[index(reason)].read(); }
Count Counters::parse_error(ParseError error) const noexcept { return parse_errors_[index(error)].read(); }

}  // namespace vpcwall

#include "flow/ended_flows.h"

#include <atomic>

namespace vpcwall {
namespace {

constexpr std::size_t words_of_line = 8;  // 64 bytes: a key's bits are in one line of the cache
constexpr std::size_t bits_of_key = 4;
constexpr std::uint64_t lines = EndedFlows::words / words_of_line;

// Calls `at(word, bit)` for each bit of the hash: 16 bits of it choose the line, 9 each a bit there.
template <class At>
void each_bit(std::uint64_t hash, At&& at) noexcept {
  const std::size_t first = hash % lines * words_of_line;
  hash /= lines;
  for (std::size_t i = 0; i < bits_of_key; ++i, hash >>= 9U)
    at(first + (hash >> 6U) % words_of_line, std::uint64_t{1} << (hash & 63U));
}

}  // namespace

void EndedFlows::note(const FlowKey& key) const noexcept {
  each_bit(hash(key), [this](std::size_t word, std::uint64_t bit) {
    for (const Set& set : sets_) {
      const std::atomic_ref<std::uint64_t> shared(set[word]);
      if ((shared.load(std::memory_order_relaxed) & bit) == 0)
        shared.fetch_or(bit, std::memory_order_relaxed);
    }
  });
}

bool EndedFlows::may_have_ended(std::size_t set, const FlowKey& key) const noexcept {
  bool all = true;
  each_bit(hash(key), [&](std::size_t word, std::uint64_t bit) {
    all = all &&
          (std::atomic_ref<std::uint64_t>(sets_.at(set)[word]).load(std::memory_order_relaxed) & bit) != 0;
  });
  return all;
}

void EndedFlows::forget(std::size_t set) const noexcept {
  for (std::uint64_t& word : sets_.at(set))
    std::atomic_ref<std::uint64_t>(word).store(0, std::memory_order_relaxed);
}

}  // namespace vpcwall

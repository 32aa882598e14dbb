// Which tuples have a flow, so surely that the kernel may act on a "no": a counting filter.
//
// Each tuple counts in one cell. A cell at 0 means that none of its tuples has a flow; any other value means
// only that one may have. A cell that reaches its maximum stays there: "maybe" for ever, never a wrong "no".
// Any number of workers may write.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <span>

#include "fast_path/program.h"

namespace vpcwall {

class FlowPresence {
 public:
  // `cells.size()` is a power of two.
  explicit FlowPresence(std::span<std::uint8_t> cells) : cells_(cells) {}

  [[nodiscard]] bool may_have_flow(std::uint64_t hash) const noexcept {
    return cell(hash).load(std::memory_order_relaxed) != 0;
  }
  void add(std::uint64_t hash) noexcept {
    auto count = cell(hash);
    std::uint8_t seen = count.load(std::memory_order_relaxed);
    while (seen != most && !count.compare_exchange_weak(seen, static_cast<std::uint8_t>(seen + 1))) {
    }
  }
  void remove(std::uint64_t hash) noexcept {
    auto count = cell(hash);
    std::uint8_t seen = count.load(std::memory_order_relaxed);
    while (seen != most && !count.compare_exchange_weak(seen, static_cast<std::uint8_t>(seen - 1))) {
    }
  }

 private:
  static constexpr std::uint8_t most = std::numeric_limits<std::uint8_t>::max();

  [[nodiscard]] std::atomic_ref<std::uint8_t> cell(std::uint64_t hash) const noexcept {
    return std::atomic_ref(
        cells_[fast_path::presence_of(hash, static_cast<std::uint32_t>(cells_.size() - 1))]);
  }

  std::span<std::uint8_t> cells_;
};

}  // namespace vpcwall

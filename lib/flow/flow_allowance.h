// How many flows each interface holds, over all shards: AWS caps connections per instance, not per queue of
// ours (C-57, C-60).
//
// Every shard takes one allowance for each flow it opens and gives it back when the flow goes. The counts are
// atomic because shards of several workers share them; nothing else is.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "flow/flow_key.h"

namespace vpcwall {

class FlowAllowance {
 public:
  static constexpr std::uint32_t max_interfaces = 65536;  // interface ids over the life of the process
  FlowAllowance() : counts_(std::make_unique<std::atomic<std::uint32_t>[]>(max_interfaces)) {}

  [[nodiscard]] std::uint32_t used(InterfaceNumber interface) const noexcept {
    return counts_[interface % max_interfaces].load(std::memory_order_relaxed);
  }
  // Takes one if fewer than `limit` are taken.
  [[nodiscard]] bool take(InterfaceNumber interface, std::uint32_t limit) noexcept {
    auto& count = counts_[interface % max_interfaces];
    std::uint32_t seen = count.load(std::memory_order_relaxed);
    while (seen < limit)
      if (count.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
    return false;
  }
  // As if `count` were taken, whatever was before: for asking what would happen.
  void hold(InterfaceNumber interface, std::uint32_t count) noexcept {
    counts_[interface % max_interfaces].store(count, std::memory_order_relaxed);
  }
  void give(InterfaceNumber interface) noexcept {
    counts_[interface % max_interfaces].fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::unique_ptr<std::atomic<std::uint32_t>[]> counts_;
};

}  // namespace vpcwall

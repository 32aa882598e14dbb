#include "flow/flow_shares.h"

#include <algorithm>

namespace vpcwall {

void FlowShares::divide(std::size_t capacity, std::size_t interfaces, std::uint32_t limit) {
  guaranteed_ = interfaces == 0 ? 0 : std::min<std::size_t>(capacity / 2 / interfaces, limit);
  free_size_ = capacity - guaranteed_ * interfaces;
  free_used_ = 0;
  for (const std::uint32_t held : held_)
    if (held > guaranteed_) free_used_ += held - guaranteed_;
}

void FlowShares::add(InterfaceNumber interface) {
  if (interface >= held_.size()) held_.resize(std::size_t{interface} + 1);
  if (held_[interface]++ >= guaranteed_) ++free_used_;
}

void FlowShares::remove(InterfaceNumber interface) noexcept {
  if (held_[interface]-- > guaranteed_) --free_used_;
}

bool FlowShares::has_room(InterfaceNumber interface, std::optional<InterfaceNumber> other) const noexcept {
  const bool same = other == interface;
  if (held(interface) + (same ? 1 : 0) < guaranteed_) return true;
  const bool other_takes_free = other && held(*other) >= guaranteed_;
  return free_used_ + (other_takes_free ? 1 : 0) < free_size_;
}

}  // namespace vpcwall

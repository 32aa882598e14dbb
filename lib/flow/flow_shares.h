// How one flow table is divided among interfaces, so that an interface under attack cannot shut out the
// others (C-57, C-60).
//
// Half of the table is guaranteed: every interface has the same share of it, at most its limit. The rest is
// for whoever comes first. An interface uses its share before it uses any of the rest, so `free_used` counts
// the flows beyond the shares.
//
// Belongs to the table's writer; others may read the figures under the lock that guards the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "flow/flow_key.h"

namespace vpcwall {

class FlowShares {
 public:
  // Divides a table of `capacity` flows anew. No flow goes: an interface that holds more than its new share
  // holds the rest of them among those that are for everyone.
  void divide(std::size_t capacity, std::size_t interfaces, std::uint32_t limit);

  // A flow of the interface has come into the table, or left it.
  void add(InterfaceNumber interface);
  void remove(InterfaceNumber interface) noexcept;

  // Whether the interface may open a flow, after one that the same packet opens for `other`. The table must
  // have a place as well.
  [[nodiscard]] bool has_room(InterfaceNumber interface, std::optional<InterfaceNumber> other) const noexcept;

  [[nodiscard]] std::size_t guaranteed() const noexcept { return guaranteed_; }  // per interface
  [[nodiscard]] std::size_t free_size() const noexcept { return free_size_; }
  [[nodiscard]] std::size_t free_used() const noexcept { return free_used_; }

 private:
  [[nodiscard]] std::size_t held(InterfaceNumber interface) const noexcept {
    return interface < held_.size() ? held_[interface] : 0;
  }

  std::vector<std::uint32_t> held_;  // by interface number
  std::size_t guaranteed_ = 0, free_used_ = 0;
  std::size_t free_size_ = std::numeric_limits<std::size_t>::max();  // not divided yet
};

}  // namespace vpcwall

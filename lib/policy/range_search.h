// Where ranges lie one behind the other and only their starts are written down: which of them a key is in.
//
//   const Range* range = last_range(ranges, size, [key](const Range* one) { return one->start <= key; });
//
// Every packet asks this a few times, of lists that stand in the cache, so what counts is the number of
// instructions. The first step leaves a power of two; from there on the steps are written out, three
// instructions each, and none of their branches depends on the key.
#pragma once

#include <bit>
#include <cstddef>

namespace vpcwall {

// The last of `size` ranges, at least one, of which `starts(position)` holds: it starts at the key or before.
// It holds for `first`, up to some range, and for none behind it. A position is a pointer, or a number.
template <class Position, class Starts>
[[nodiscard]] inline Position last_range(Position first, std::size_t size, Starts starts) noexcept {
  Position range = first;
  const auto step = [&](std::size_t width) { range = starts(range + width) ? range + width : range; };
  std::size_t left = std::bit_floor(size);
  step(size - left);
  for (; left > 512; left /= 2) step(left / 2);
  switch (std::countr_zero(left)) {
    case 9: step(256); [[fallthrough]];
    case 8: step(128); [[fallthrough]];
    case 7: step(64); [[fallthrough]];
    case 6: step(32); [[fallthrough]];
    case 5: step(16); [[fallthrough]];
    case 4: step(8); [[fallthrough]];
    case 3: step(4); [[fallthrough]];
    case 2: step(2); [[fallthrough]];
    case 1: step(1); [[fallthrough]];
    default: return range;
  }
}

}  // namespace vpcwall

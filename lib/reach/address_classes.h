// Addresses that nothing tells apart.
//
//   const auto classes = address_classes(Family::ipv4, sets);
//
// Two addresses are in one class exactly when every set holds both of them or neither. Every address of the
// family is in one class; a class is never empty. Exact, not approximate: sets refine the classes one after
// the other.
//
// Cost: for each set the number of pieces that it covers, of the pieces into which all prefixes together cut
// the addresses; memory proportional to the pieces. Pure; any thread.
#pragma once

#include <span>
#include <vector>

#include "reach/address_range.h"

namespace vpcwall {

// Addresses that are treated alike by whoever names them: one prefix, the entries of a list, an interface's
// own.
using PrefixSet = std::vector<Prefix>;

// Each class as ascending ranges that do not touch; classes by their first address. What a set says of the
// other family is left out.
[[nodiscard]] std::vector<std::vector<AddressRange>> address_classes(Family family,
                                                                     std::span<const PrefixSet> sets);

}  // namespace vpcwall

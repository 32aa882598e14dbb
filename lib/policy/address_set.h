// A set of addresses of both families, made once from prefixes and then only asked.
//
// Overlapping and touching prefixes are merged into ranges; a lookup is a binary search. Immutable after
// construction, so any number of threads may ask.
#pragma once

#include <span>
#include <vector>

#include "net/address.h"

namespace vpcwall {

class AddressSet {
 public:
  AddressSet() = default;
  explicit AddressSet(std::span<const Prefix> prefixes);

  // This set with the addresses of `holes` taken out.
  [[nodiscard]] AddressSet without(const AddressSet& holes) const;

  [[nodiscard]] bool contains(const IpAddress& address) const noexcept {
    return holds(ranges_, address) && (holes_.empty() || !holds(holes_, address));
  }
  // One of the prefixes was literally /0 (C-13); two halves are not.
  [[nodiscard]] bool is_open(Family family) const noexcept {
    return family == Family::ipv4 ? open4_ : open6_;
  }
  // Without anything to begin with; holes do not count.
  [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }

 private:
  struct Range {
    IpAddress first, last;
  };
  [[nodiscard]] static bool holds(const std::vector<Range>& ranges, const IpAddress& address) noexcept;

  std::vector<Range> ranges_;  // sorted by family and address, disjoint
  std::vector<Range> holes_;   // likewise
  bool open4_ = false, open6_ = false;
};

}  // namespace vpcwall

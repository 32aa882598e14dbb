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

  [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
  // One of the prefixes was literally /0 (C-13); two halves are not.
  [[nodiscard]] bool is_open(Family family) const noexcept {
    return family == Family::ipv4 ? open4_ : open6_;
  }
  [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }

 private:
  struct Range {
    IpAddress first, last;
  };
  std::vector<Range> ranges_;  // sorted by family and address, disjoint
  bool open4_ = false, open6_ = false;
};

}  // namespace vpcwall

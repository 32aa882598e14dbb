// A set of addresses of both families, made once from prefixes and then only asked.
//
// Prefixes that lie in others are dropped; what remains is disjoint and sorted. A lookup is a binary search,
// in a large set only among the prefixes that share the address's first 16 bits. Immutable after
// construction, so any number of threads may ask.
#pragma once

#include <array>
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
    return holds(address) && (holes_.empty() || !in_hole(address));
  }
  // One of the prefixes was literally /0 (C-13); two halves are not.
  [[nodiscard]] bool is_open(Family family) const noexcept {
    return family == Family::ipv4 ? open4_ : open6_;
  }
  // Without anything to begin with; holes do not count.
  [[nodiscard]] bool empty() const noexcept { return prefixes_.empty(); }

  // Disjoint, by family and address; holes do not count.
  [[nodiscard]] std::span<const Prefix> prefixes() const noexcept { return prefixes_; }
  [[nodiscard]] bool has_holes() const noexcept { return !holes_.empty(); }

 private:
  [[nodiscard]] bool holds(const IpAddress& address) const noexcept;
  [[nodiscard]] bool in_hole(const IpAddress& address) const noexcept;
  void index_by_first_bits();

  std::vector<Prefix> prefixes_;
  std::vector<Prefix> holes_;  // likewise
  // Of a large set, by family and first 16 bits: where the prefixes begin whose base has these bits.
  std::array<std::vector<std::uint32_t>, 2> starts_;
  bool open4_ = false, open6_ = false;
};

}  // namespace vpcwall

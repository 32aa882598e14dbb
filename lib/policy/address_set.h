// A set of addresses of both families, made once from prefixes and then only asked.
//
// Prefixes that lie in others are dropped; what remains is disjoint and sorted. A lookup is a binary search
// (prefix_map.h). Immutable after construction, so any number of threads may ask.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "net/address.h"
#include "policy/prefix_map.h"

namespace vpcwall {

class AddressSet {
 public:
  AddressSet() = default;
  explicit AddressSet(std::span<const Prefix> prefixes);

  // This set with the addresses of `holes` taken out; it shares them, never null.
  [[nodiscard]] AddressSet without(std::shared_ptr<const AddressSet> holes) const;

  [[nodiscard]] bool contains(const IpAddress& address) const noexcept {
    const auto family = static_cast<std::size_t>(address.family);
    return members_[family].find(address) != PrefixMap::none &&
           (holes_ == nullptr || !holes_->contains(address));
  }
  // One of the prefixes was literally /0 (C-13); two halves are not.
  [[nodiscard]] bool is_open(Family family) const noexcept { return open_[static_cast<std::size_t>(family)]; }
  // Without anything to begin with; holes do not count.
  [[nodiscard]] bool empty() const noexcept { return prefixes_.empty(); }

  // Disjoint, by family and address; holes do not count.
  [[nodiscard]] std::span<const Prefix> prefixes() const noexcept { return prefixes_; }
  [[nodiscard]] bool has_holes() const noexcept { return holes_ != nullptr; }

 private:
  using PerFamily = std::array<PrefixMap, 2>;

  std::vector<Prefix> prefixes_;
  PerFamily members_;
  std::shared_ptr<const AddressSet> holes_;  // null: none
  std::array<bool, 2> open_{};
};

}  // namespace vpcwall

// A map from prefixes of one length to numbers, made once and then only asked.
//
// Open addressing at half load: a question costs one or two cache lines, whatever the size. Immutable after
// construction, so any number of threads may ask.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "net/address.h"

namespace vpcwall {

class PrefixHash {
 public:
  static constexpr std::uint32_t none = 0xffffffffU;

  // Different prefixes, all of `length` and of one family; values other than `none`.
  PrefixHash(std::uint8_t length, std::span<const std::pair<Prefix, std::uint32_t>> entries);

  // The value of the prefix that `address` lies in, or `none`. The address is of the same family.
  [[nodiscard]] std::uint32_t find(const IpAddress& address) const noexcept {
    const std::uint64_t high = address.high & mask_high_, low = address.low & mask_low_;
    std::size_t at = place(high, low);
    while (slots_[at].value != none && (slots_[at].high != high || slots_[at].low != low))
      at = (at + 1) & slot_mask_;
    return slots_[at].value;
  }

 private:
  struct Slot {
    std::uint64_t high = 0, low = 0;
    std::uint32_t value = none;
  };

  [[nodiscard]] std::size_t place(std::uint64_t high, std::uint64_t low) const noexcept {
    const std::uint64_t mixed = (high ^ (low * 0xc2b2ae3d27d4eb4fU)) * 0x9e3779b97f4a7c15U;
    return (mixed ^ (mixed >> 32U)) & slot_mask_;
  }

  std::uint64_t mask_high_, mask_low_;
  std::size_t slot_mask_;
  std::vector<Slot> slots_;  // one is always empty, which ends each search
};

// The prefixes of `entries` by length, a table for each length that occurs, in no order.
[[nodiscard]] std::vector<PrefixHash> hash_by_length(
    std::span<const std::pair<Prefix, std::uint32_t>> entries);

}  // namespace vpcwall

// A map from prefixes to numbers that answers with the longest prefix an address lies in.
//
//   PrefixMap map(entries);                         // prefixes of one family
//   const std::uint32_t value = map.find(address);  // of that family; PrefixMap::none outside of all
//
// Nested prefixes cut the addresses into ranges, each of which has one answer; a question is a binary search
// among their first addresses, in a large map only among those that share the address's first 16 bits.
// Immutable after construction, so any number of threads may ask.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "net/address.h"
#include "policy/range_search.h"

namespace vpcwall {

class PrefixMap {
 public:
  static constexpr std::uint32_t none = 0xffffffffU;

  PrefixMap() = default;
  // In any order; of equal prefixes the last one counts.
  explicit PrefixMap(std::vector<std::pair<Prefix, std::uint32_t>> entries);

  [[nodiscard]] std::uint32_t find(const IpAddress& address) const noexcept {
    if (values_.empty()) return none;
    std::size_t at = 0, size = values_.size();
    if (!firsts_.empty()) {
      const std::size_t bits = address.high >> (64U - first_bits);
      at = firsts_[bits];
      size = firsts_[bits + 1] - at + 1;
    }
    return values_[lows_.empty() ? last_start(at, size, address.high) : last_start(at, size, address)];
  }

  [[nodiscard]] bool empty() const noexcept { return values_.empty(); }

 private:
  static constexpr unsigned first_bits = 16;

  // The last of the ranges from `at` on that starts at the address or before.
  [[nodiscard]] std::size_t last_start(std::size_t at, std::size_t size, std::uint64_t high) const noexcept {
    const std::uint64_t* first = highs_.data() + at;
    const auto starts = [high](const std::uint64_t* start) { return *start <= high; };
    return static_cast<std::size_t>(last_range(first, size, starts) - highs_.data());
  }
  [[nodiscard]] std::size_t last_start(std::size_t at, std::size_t size,
                                       const IpAddress& address) const noexcept;

  void add(const IpAddress& start, std::uint32_t value);
  void index_first_bits();

  // Ranges, by their first address; the first one starts at zero.
  std::vector<std::uint64_t> highs_;
  std::vector<std::uint64_t> lows_;  // empty when all are zero, as for IPv4 and prefixes up to /64
  std::vector<std::uint32_t> values_;
  std::vector<std::uint32_t>
      firsts_;  // of a large map, by first bits: the range that the first such address is in
};

}  // namespace vpcwall

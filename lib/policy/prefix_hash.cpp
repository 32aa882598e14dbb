#include "policy/prefix_hash.h"

#include <bit>
#include <map>

namespace vpcwall {

PrefixHash::PrefixHash(std::uint8_t length, std::span<const std::pair<Prefix, std::uint32_t>> entries) {
  constexpr std::uint64_t ones = ~std::uint64_t{0};
  // Of an IPv4 address only the top 32 bits can be set, so the mask of IPv6 serves both.
  const Prefix mask = make_prefix({ones, ones, Family::ipv6}, length);
  mask_high_ = mask.base.high;
  mask_low_ = mask.base.low;
  slots_.resize(std::bit_ceil(2 * entries.size() + 1));
  slot_mask_ = slots_.size() - 1;
  for (const auto& [prefix, value] : entries) {
    std::size_t at = place(prefix.base.high, prefix.base.low);
    while (slots_[at].value != none) at = (at + 1) & slot_mask_;
    slots_[at] = {prefix.base.high, prefix.base.low, value};
  }
}

std::vector<PrefixHash> hash_by_length(std::span<const std::pair<Prefix, std::uint32_t>> entries) {
  std::map<std::uint8_t, std::vector<std::pair<Prefix, std::uint32_t>>> lengths;
  for (const auto& entry : entries) lengths[entry.first.length].push_back(entry);
  std::vector<PrefixHash> tables;
  tables.reserve(lengths.size());
  for (const auto& [length, of_length] : lengths) tables.emplace_back(length, of_length);
  return tables;
}

}  // namespace vpcwall

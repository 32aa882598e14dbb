#include "policy/address_set.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace vpcwall {
namespace {

constexpr std::uint32_t member = 0;  // any number but PrefixMap::none

}  // namespace

AddressSet::AddressSet(std::span<const Prefix> prefixes) {
  std::vector<Prefix> sorted(prefixes.begin(), prefixes.end());
  // Of those that begin alike the widest comes first, and holds the others.
  std::sort(sorted.begin(), sorted.end(), [](const Prefix& a, const Prefix& b) {
    return std::tie(a.base.family, a.base.high, a.base.low, a.length) <
           std::tie(b.base.family, b.base.high, b.base.low, b.length);
  });
  std::array<std::vector<std::pair<Prefix, std::uint32_t>>, 2> entries;
  for (const Prefix& prefix : sorted) {
    if (!prefixes_.empty() && prefixes_.back().contains(prefix)) continue;
    const auto family = static_cast<std::size_t>(prefix.base.family);
    prefixes_.push_back(prefix);
    entries[family].emplace_back(prefix, member);
    open_[family] = open_[family] || prefix.is_open();
  }
  for (std::size_t family = 0; family < entries.size(); ++family)
    members_[family] = PrefixMap(std::move(entries[family]));
}

AddressSet AddressSet::without(std::shared_ptr<const AddressSet> holes) const {
  AddressSet rest = *this;
  if (holes->empty()) return rest;
  rest.holes_ = std::move(holes);
  rest.open_ = {};
  return rest;
}

}  // namespace vpcwall

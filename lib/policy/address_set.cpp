#include "policy/address_set.h"

#include <algorithm>
#include <tuple>

namespace vpcwall {
namespace {

bool before(const IpAddress& a, const IpAddress& b) noexcept {
  return std::tie(a.family, a.high, a.low) < std::tie(b.family, b.high, b.low);
}

}  // namespace

AddressSet::AddressSet(std::span<const Prefix> prefixes) {
  std::vector<Range> sorted;
  sorted.reserve(prefixes.size());
  for (const Prefix& prefix : prefixes) {
    sorted.push_back({prefix.base, prefix.last()});
    if (prefix.is_open()) (prefix.base.family == Family::ipv4 ? open4_ : open6_) = true;
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Range& a, const Range& b) { return before(a.first, b.first); });
  for (const Range& range : sorted) {
    const bool overlaps = !ranges_.empty() && ranges_.back().first.family == range.first.family &&
                          !before(ranges_.back().last, range.first);
    if (!overlaps) {
      ranges_.push_back(range);
    } else if (before(ranges_.back().last, range.last)) {
      ranges_.back().last = range.last;
    }
  }
}

AddressSet AddressSet::without(const AddressSet& holes) const {
  AddressSet rest = *this;
  rest.holes_ = holes.ranges_;
  if (!holes.empty()) rest.open4_ = rest.open6_ = false;
  return rest;
}

bool AddressSet::holds(const std::vector<Range>& ranges, const IpAddress& address) noexcept {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), address,
                       [](const IpAddress& a, const Range& range) { return before(a, range.first); });
  return after != ranges.begin() && !before(std::prev(after)->last, address) &&
         std::prev(after)->first.family == address.family;
}

}  // namespace vpcwall

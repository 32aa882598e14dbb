#include "reach/address_range.h"

#include <algorithm>

namespace vpcwall {

std::optional<IpAddress> next(const IpAddress& address) noexcept {
  const IpAddress after = advance(address, 1);
  return address < after ? std::optional(after) : std::nullopt;
}

bool contains(std::span<const AddressRange> ranges, const IpAddress& address) noexcept {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&address](const AddressRange& range) { return range.contains(address); });
}

std::vector<AddressRange> joined(std::vector<AddressRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const AddressRange& a, const AddressRange& b) { return a.first < b.first; });
  std::vector<AddressRange> whole;
  for (const AddressRange& range : ranges) {
    if (!whole.empty() && next(whole.back().last) == range.first)
      whole.back().last = range.last;
    else
      whole.push_back(range);
  }
  return whole;
}

std::string to_string(const AddressRange& range) {
  if (range.first == range.last) return to_string(range.first);
  for (unsigned length = 0; length < bit_length(range.first.family); ++length) {
    const Prefix prefix = make_prefix(range.first, static_cast<std::uint8_t>(length));
    if (prefix.base == range.first && prefix.last() == range.last) return to_string(prefix);
  }
  return to_string(range.first) + '-' + to_string(range.last);
}

}  // namespace vpcwall

#include "policy/prefix_map.h"

#include <algorithm>
#include <tuple>

namespace vpcwall {
namespace {

constexpr std::size_t large_map = 1024;  // ranges from which on 256 KiB of first bits are worth their memory

}  // namespace

PrefixMap::PrefixMap(std::vector<std::pair<Prefix, std::uint32_t>> entries) {
  if (entries.empty()) return;
  // A prefix comes before those that lie in it, and before all that lie behind.
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first.base.high, a.first.base.low, a.first.length) <
           std::tie(b.first.base.high, b.first.base.low, b.first.length);
  });
  add({0, 0, entries.front().first.base.family}, none);
  std::vector<std::pair<Prefix, std::uint32_t>> around;  // the prefixes that the sweep is inside of
  const auto leave = [&] {
    const IpAddress behind = advance(around.back().first.last(), 1);
    const bool wrapped = behind.high == 0 && behind.low == 0;
    around.pop_back();
    if (!wrapped) add(behind, around.empty() ? none : around.back().second);
  };
  for (const auto& entry : entries) {
    while (!around.empty() && !around.back().first.contains(entry.first)) leave();
    around.push_back(entry);
    add(entry.first.base, entry.second);
  }
  while (!around.empty()) leave();
  if (std::all_of(lows_.begin(), lows_.end(), [](std::uint64_t low) { return low == 0; })) lows_ = {};
  if (values_.size() >= large_map) index_first_bits();
}

// The sweep only goes forward; where it has stopped twice, what it said last is true.
void PrefixMap::add(const IpAddress& start, std::uint32_t value) {
  if (!values_.empty() && highs_.back() == start.high && lows_.back() == start.low) {
    values_.back() = value;
    return;
  }
  highs_.push_back(start.high);
  lows_.push_back(start.low);
  values_.push_back(value);
}

void PrefixMap::index_first_bits() {
  constexpr std::size_t count = std::size_t{1} << first_bits;
  firsts_.reserve(count + 1);
  std::uint32_t at = 0;
  for (std::uint64_t bits = 0; bits < count; ++bits) {
    const IpAddress first{bits << (64U - first_bits), 0, Family::ipv6};
    while (at + 1 < values_.size() &&
           std::tuple(highs_[at + 1], lows_.empty() ? 0 : lows_[at + 1]) <= std::tuple(first.high, first.low))
      ++at;
    firsts_.push_back(at);
  }
  firsts_.push_back(static_cast<std::uint32_t>(values_.size() - 1));
}

std::size_t PrefixMap::last_start(std::size_t at, std::size_t size, const IpAddress& address) const noexcept {
  return last_range(at, size, [&](std::size_t i) {
    return highs_[i] < address.high || (highs_[i] == address.high && lows_[i] <= address.low);
  });
}

}  // namespace vpcwall

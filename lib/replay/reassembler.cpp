#include "replay/reassembler.h"

#include <algorithm>

namespace vpcwall {
namespace {

Duration patience(Family family) noexcept { return std::chrono::seconds(family == Family::ipv4 ? 30 : 60); }

}  // namespace

Reassembly Reassembler::add(const DatagramKey& key, std::uint32_t first, std::uint32_t last,
                            std::uint32_t length, Duration at) {
  std::erase_if(held_,
                [&](const auto& one) { return at - one.second.begun >= patience(one.first.source.family); });
  if (!held_.contains(key) && held_.size() == max_datagrams)
    held_.erase(std::min_element(held_.begin(), held_.end(), [](const auto& a, const auto& b) {
      return a.second.begun < b.second.begun;
    }));
  const auto place = held_.try_emplace(key, Datagram{at, {}}).first;
  auto& ranges = place->second.ranges;
  const bool overlaps = std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
    return first < range.second && range.first < last;
  });
  if (overlaps) {
    held_.erase(place);
    return Reassembly::refused;
  }
  ranges.emplace_back(first, last);
  std::uint32_t covered = 0;
  for (const auto& range : ranges) covered += range.second - range.first;
  if (covered < length) return Reassembly::held;
  held_.erase(place);
  return Reassembly::complete;
}

}  // namespace vpcwall

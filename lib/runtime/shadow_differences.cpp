#include "runtime/shadow_differences.h"

#include <algorithm>

namespace vpcwall {

FlowKey key_of(const ShadowDifference& difference) noexcept {
  const Packet& packet = difference.packet;
  FlowKey key;
  key.local_high = packet.source.high;
  key.local_low = packet.source.low;
  key.remote_high = packet.destination.high;
  key.remote_low = packet.destination.low;
  key.protocol = packet.protocol;
  key.family = packet.family();
  key.interface = static_cast<InterfaceNumber>(difference.live.verdict);
  if (packet.transport != Transport::whole) return key;
  if (is_icmp(packet.protocol)) {
    key.local_port = packet.icmp_type;
    key.remote_port = packet.icmp_code;
  } else {
    key.remote_port = packet.destination_port;
  }
  return key;
}

ShadowDifferences::ShadowDifferences(std::size_t most, const FlowHash::Seed& seed)
    : most_(most), places_(most, FlowHash(seed)) {
  listed_.reserve(most);
}

void ShadowDifferences::note(const ShadowDifference& difference) {
  ++differing_;
  const FlowKey key = key_of(difference);
  if (const auto found = places_.find(key); found != places_.end()) {
    ++listed_[found->second].count;
  } else if (listed_.size() == most_) {
    ++unlisted_;
  } else {
    places_.emplace(key, listed_.size());
    listed_.push_back(difference);
  }
}

void ShadowDifferences::copy(std::size_t from, std::size_t most, std::vector<ShadowDifference>& into) const {
  const std::size_t first = std::min(from, listed_.size());
  const std::size_t last = first + std::min(most, listed_.size() - first);
  into.insert(into.end(), listed_.begin() + static_cast<std::ptrdiff_t>(first),
              listed_.begin() + static_cast<std::ptrdiff_t>(last));
}

}  // namespace vpcwall

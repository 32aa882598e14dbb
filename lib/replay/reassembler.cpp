#include "replay/reassembler.h"

#include <algorithm>

namespace vpcwall {
namespace {

Duration patience(Family family) noexcept { return std::chrono::seconds(family == Family::ipv4 ? 30 : 60); }

}  // namespace

void Reassembler::drop(Held::iterator place) {
  by_age_.erase(place->second.age);
  held_.erase(place);
}

Reassembler::Held::iterator Reassembler::find(const DatagramKey& key, Duration at) {
  const auto known = held_.find(key);
  if (known != held_.end()) {
    if (at - known->second.begun < patience(key.source.family)) return known;
    drop(known);
  }
  if (held_.size() == max_datagrams) drop(held_.find(by_age_.front()));
  by_age_.push_back(key);
  Datagram datagram;
  datagram.begun = at;
  datagram.age = std::prev(by_age_.end());
  return held_.emplace(key, std::move(datagram)).first;
}

bool Reassembler::contradicts(const Datagram& datagram, const Fragment& fragment) {
  if (fragment.last <= fragment.first || fragment.last > max_length) return true;
  if (datagram.length)
    return fragment.more ? fragment.last > *datagram.length : fragment.last != *datagram.length;
  return !fragment.more && !datagram.runs.empty() && fragment.last < datagram.runs.back().last;
}

Reassembly Reassembler::place(Datagram& datagram, const Fragment& fragment) {
  auto& runs = datagram.runs;
  if (runs.empty() || runs.back().last < fragment.last) {
    if (!runs.empty() && fragment.first < runs.back().last) return Reassembly::refused;
    if (!runs.empty() && fragment.first == runs.back().last)
      runs.back().last = fragment.last;
    else
      runs.push_back({fragment.first, fragment.last});
    return Reassembly::held;
  }
  const auto behind =
      std::find_if(runs.begin(), runs.end(), [&](const Run& run) { return fragment.first < run.last; });
  if (behind == runs.end()) return Reassembly::refused;  // GCOVR_EXCL_LINE: the last run reaches further
  if (behind->first <= fragment.first && fragment.last <= behind->last) return Reassembly::duplicate;
  if (behind->first < fragment.last) return Reassembly::refused;
  runs.insert(behind, {fragment.first, fragment.last});
  return Reassembly::held;
}

void Reassembler::keep(Datagram& datagram, const Fragment& fragment) {
  ++datagram.fragments;
  if (fragment.first == 0) datagram.header.assign(fragment.header.begin(), fragment.header.end());
  if (fragment.first >= max_kept || fragment.data.empty()) return;
  const std::size_t room = std::min<std::size_t>(fragment.last - fragment.first, max_kept - fragment.first);
  const auto kept = fragment.data.first(std::min(room, fragment.data.size()));
  datagram.data.emplace(fragment.first, std::vector<std::byte>(kept.begin(), kept.end()));
}

void Reassembler::finish(const Datagram& datagram) {
  whole_ = {*datagram.length, datagram.fragments, datagram.header, {}};
  for (const auto& [first, bytes] : datagram.data) {
    if (first != whole_.data.size()) break;
    whole_.data.insert(whole_.data.end(), bytes.begin(), bytes.end());
  }
}

Reassembly Reassembler::add(const DatagramKey& key, const Fragment& fragment, Duration at) {
  const auto found = find(key, at);
  Datagram& datagram = found->second;
  if (contradicts(datagram, fragment)) {
    drop(found);
    return Reassembly::refused;
  }
  const Reassembly placed = place(datagram, fragment);
  if (placed == Reassembly::refused) drop(found);
  if (placed != Reassembly::held) return placed;

  keep(datagram, fragment);
  if (!fragment.more) datagram.length = fragment.last;
  std::uint32_t covered = 0;
  for (const Run& run : datagram.runs) covered += run.last - run.first;
  if (!datagram.length || covered < *datagram.length) return Reassembly::held;
  finish(datagram);
  drop(found);
  return Reassembly::complete;
}

}  // namespace vpcwall

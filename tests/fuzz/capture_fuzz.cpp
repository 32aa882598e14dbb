// Frames of arbitrary bytes: where the link header ends, what a fragment says of itself, datagrams put
// together from whatever comes, and the same frames written as pcapng. None may read past them or contradict
// itself.
//
// The first byte chooses the link type; then come frames, each behind one byte for its length.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "capture/pcapng.h"
#include "net/fragment.h"
#include "net/packet.h"
#include "replay/arrivals.h"

namespace {

using namespace vpcwall;

constexpr std::array link_types{LinkType::ethernet, LinkType::linux_cooked, LinkType::linux_cooked_v2,
                                LinkType::null,     LinkType::loop,         LinkType::raw,
                                LinkType::ipv4,     LinkType::ipv6};

void require(bool holds) {
  if (!holds) std::abort();
}

void check_fragment(std::span<const std::byte> ip) {
  const auto length = static_cast<std::uint32_t>(ip.size());
  const auto packet = parse_packet(ip, length);
  const auto fragment = read_fragment(ip, length);
  require(fragment.has_value() == (!packet && packet.error() == ParseError::fragment));
  if (!fragment) return;
  require(fragment->header_size <= fragment->data_offset && fragment->data_offset <= ip.size());
  require(fragment->last >= fragment->first && fragment->last - fragment->first <= ip.size());
  require(fragment->next_header_at < fragment->header_size);
}

void check_arrival(const Arrival& arrival, Duration before) {
  require(arrival.at >= before);
  if (arrival.kind == Arrival::Kind::packet)
    require(arrival.packet.source.family == arrival.packet.destination.family);
  if (arrival.fragments == 0)
    require(arrival.kind != Arrival::Kind::packet || arrival.packet.length == arrival.bytes);
}

void check_block(const CapturedFrame& frame) {
  std::vector<std::byte> block;
  append_packet(block, frame, {});
  require(block.size() % 4 == 0 && block.size() >= frame.bytes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const LinkType type = link_types.at(data[0] % link_types.size());
  Arrivals arrivals(type);
  std::span<const std::byte> left(reinterpret_cast<const std::byte*>(data + 1), size - 1);
  Duration before{};
  for (std::uint64_t number = 1; !left.empty(); ++number) {
    const auto wanted = std::to_integer<std::size_t>(left[0]);
    left = left.subspan(1);
    const auto bytes = left.first(std::min(wanted, left.size()));
    left = left.subspan(bytes.size());
    const CapturedFrame frame{number, std::chrono::seconds(number), static_cast<std::uint32_t>(wanted),
                              bytes};
    if (const auto part = find_ip(type, bytes)) {
      require(part->offset <= bytes.size());
      check_fragment(bytes.subspan(part->offset));
    }
    const Arrival arrival = arrivals.next(frame);
    check_arrival(arrival, before);
    before = arrival.at;
    check_block(frame);
  }
  return 0;
}

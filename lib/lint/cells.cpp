#include "lint/cells.h"

#include <algorithm>
#include <array>
#include <utility>

namespace vpcwall {
namespace {

constexpr unsigned protocol_shift = 16;
constexpr TrafficKind last_whole = 0xffffff;

constexpr TrafficKind first_of(Protocol protocol) noexcept {
  return static_cast<TrafficKind>(protocol) << protocol_shift;
}

IpAddress previous(const IpAddress& address) noexcept {
  IpAddress result = address;
  if (address.family == Family::ipv4) {
    result.high -= std::uint64_t{1} << 32U;
  } else {
    if (address.low == 0) --result.high;
    --result.low;
  }
  return result;
}

}  // namespace

Protocol protocol_of(TrafficKind kind) noexcept {
  return static_cast<Protocol>(kind >> protocol_shift & 0xffU);
}

TrafficKinds whole_kinds(const CompiledTraffic& traffic) noexcept {
  TrafficKinds kinds = traffic.kinds().front();
  kinds.last = std::min(kinds.last, last_whole);
  return kinds;
}

IpAddress after(const Prefix& prefix) noexcept { return advance(prefix.last(), 1); }

bool can_occur(TrafficKind kind, Family family) noexcept {
  return protocol_of(kind) != (family == Family::ipv4 ? Protocol::icmpv6 : Protocol::icmp);
}

CompiledTraffic traffic_of(const NetworkAclEntry& entry) {
  CompiledTraffic traffic = compile_traffic(entry.traffic);
  if (entry.traffic.protocol == Protocol::icmpv6 && entry.cidr.base.family == Family::ipv4)
    traffic.icmp_type = traffic.icmp_code = -1;
  return traffic;
}

Cuts::Cuts() {
  for (const Protocol protocol : {Protocol::icmp, Protocol::tcp, Protocol::udp, Protocol::icmpv6}) {
    kinds_.push_back(first_of(protocol));
    kinds_.push_back(first_of(protocol) + first_of(Protocol{1}));
  }
}

void Cuts::at(const CompiledTraffic& traffic) {
  const TrafficKinds kinds = whole_kinds(traffic);
  kinds_.push_back(kinds.first);
  if (kinds.last < last_whole) kinds_.push_back(kinds.last + 1);
  sorted_ = false;
}

void Cuts::at(const Prefix& peer) {
  auto& peers = peers_.at(static_cast<std::size_t>(peer.base.family));
  peers.push_back(peer.base);
  if (!peer.is_open()) peers.push_back(after(peer));
  sorted_ = false;
}

std::vector<Cell> Cuts::cells(const CompiledTraffic& traffic, const Prefix& peer) {
  if (!sorted_) {
    const auto tidy = [](auto& all) {
      std::sort(all.begin(), all.end());
      all.erase(std::unique(all.begin(), all.end()), all.end());
    };
    tidy(kinds_);
    for (auto& peers : peers_) tidy(peers);
    sorted_ = true;
  }
  const TrafficKinds kinds = whole_kinds(traffic);
  std::vector<TrafficKinds> kind_ranges;
  for (TrafficKind first = kinds.first; first <= kinds.last;) {
    const auto above = std::upper_bound(kinds_.begin(), kinds_.end(), first);
    const TrafficKind last = above == kinds_.end() ? kinds.last : std::min(kinds.last, *above - 1);
    kind_ranges.push_back({first, last});
    first = last + 1;
  }
  std::vector<Cell> found;
  const auto& peers = peers_.at(static_cast<std::size_t>(peer.base.family));
  const IpAddress end = peer.last();
  for (IpAddress first = peer.base;;) {
    const auto above = std::upper_bound(peers.begin(), peers.end(), first);
    const bool within = above != peers.end() && *above <= end;
    const IpAddress last = within ? previous(*above) : end;
    for (const TrafficKinds& range : kind_ranges)
      if (found.size() < most_cells) found.push_back({range.first, range.last, first, last});
    if (last == end) return found;
    first = advance(last, 1);
  }
}

Packet make_witness(TrafficKind kind, const IpAddress& own, const IpAddress& peer, Direction direction) {
  Packet packet;
  const bool incoming = direction == Direction::ingress;
  packet.source = incoming ? peer : own;
  packet.destination = incoming ? own : peer;
  packet.protocol = protocol_of(kind);
  packet.length = 60;
  if (has_ports(packet.protocol)) {
    packet.transport = Transport::whole;
    packet.source_port = witness_source_port;
    packet.destination_port = static_cast<std::uint16_t>(kind & 0xffffU);
    packet.tcp_flags.syn = packet.protocol == Protocol::tcp;
  } else if (is_icmp(packet.protocol)) {
    packet.transport = Transport::whole;
    packet.icmp_type = static_cast<std::uint8_t>(kind >> 8U & 0xffU);
    packet.icmp_code = static_cast<std::uint8_t>(kind & 0xffU);
    packet.icmp_identifier = 1;
  }
  return packet;
}

Packet make_reply(const Packet& request) {
  Packet reply = request;
  std::swap(reply.source, reply.destination);
  std::swap(reply.source_port, reply.destination_port);
  reply.tcp_flags.ack = request.protocol == Protocol::tcp;
  for (unsigned type = 0; type < 256 && is_icmp(request.protocol); ++type)
    if (answered_query(request.protocol, static_cast<std::uint8_t>(type)) == request.icmp_type)
      reply.icmp_type = static_cast<std::uint8_t>(type);
  return reply;
}

}  // namespace vpcwall

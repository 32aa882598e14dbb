#include "replay/arrivals.h"

#include <algorithm>
namespace vpcwall {
namespace {

constexpr std::size_t ipv4_header_size = 20, ipv6_header_size = 40;

unsigned version_of(std::span<const std::byte> ip) { return std::to_integer<unsigned>(ip[0]) >> 4U; }

bool lies_about_family(const IpPart& part, std::span<const std::byte> ip) {
  return part.family && !ip.empty() && version_of(ip) != (*part.family == Family::ipv4 ? 4U : 6U);
}

bool is_incomplete(Transport transport) {
  return transport == Transport::cut || transport == Transport::lost;
}

// Whether it is the capture that lacks what the judgement asks for, and not the packet: `known` bytes were
// captured.
bool is_cut(const Packet& packet, std::size_t known) {
  if (known >= packet.length) return false;
  const bool no_quote = is_icmp_error(packet.protocol, packet.icmp_type) &&
                        (!packet.quoted || is_incomplete(packet.quoted->transport));
  return is_incomplete(packet.transport) || no_quote;
}

bool is_cut(ParseError error, std::span<const std::byte> ip, std::uint32_t wire_length) {
  if (ip.size() >= wire_length) return false;
  if (error == ParseError::empty) return true;
  const std::size_t header = version_of(ip) == 6 ? ipv6_header_size : ipv4_header_size;
  return error == ParseError::bad_header_length && ip.size() < header;
}

// The headers of the packet that carries a fragment, as if it had never been one.
std::vector<std::byte> header_of(std::span<const std::byte> bytes, const FragmentHeader& fragment) {
  std::vector<std::byte> header(bytes.begin(),
                                bytes.begin() + static_cast<std::ptrdiff_t>(fragment.header_size));
  if (fragment.source.family == Family::ipv4)
    header.at(6) = header.at(7) = std::byte{0};
  else
    header.at(fragment.next_header_at) = static_cast<std::byte>(fragment.protocol);
  return header;
}

// None when it is longer than a packet can be.
std::optional<std::vector<std::byte>> joined(const WholeDatagram& whole, Family family) {
  std::vector<std::byte> bytes = whole.header;
  const bool ipv4 = family == Family::ipv4;
  const std::size_t length = bytes.size() + whole.length - (ipv4 ? 0 : ipv6_header_size);
  if (length > Reassembler::max_length) return std::nullopt;
  const std::size_t field = ipv4 ? 2 : 4;
  bytes.at(field) = static_cast<std::byte>(length >> 8U);
  bytes.at(field + 1) = static_cast<std::byte>(length);
  bytes.insert(bytes.end(), whole.data.begin(), whole.data.end());
  return bytes;
}

}  // namespace

Duration Arrivals::time_of(const CapturedFrame& frame) {
  if (!begun_) begun_ = frame.time;
  const Duration at = frame.time - *begun_;
  if (at < now_) {
    ++set_back_;
    farthest_back_ = std::max(farthest_back_, now_ - at);
  }
  now_ = std::max(now_, at);
  return now_;
}

Arrival Arrivals::next(const CapturedFrame& frame) {
  Arrival arrival;
  arrival.number = frame.number;
  arrival.at = time_of(frame);
  arrival.bytes = frame.wire_length;
  const auto part = find_ip(link_type_, frame.bytes);
  if (!part) {
    arrival.kind = part.error().cut ? Arrival::Kind::cut : Arrival::Kind::not_ip;
    arrival.protocol = part.error().protocol;
    return arrival;
  }
  const auto ip = frame.bytes.subspan(part->offset);
  const auto wire_length = std::max(frame.wire_length, static_cast<std::uint32_t>(frame.bytes.size())) -
                           static_cast<std::uint32_t>(part->offset);
  arrival.bytes = wire_length;
  if (lies_about_family(*part, ip)) {
    arrival.kind = Arrival::Kind::damaged;
    arrival.error = ParseError::bad_version;
    return arrival;
  }
  read_ip(ip, wire_length, arrival);
  if (arrival.kind == Arrival::Kind::damaged && arrival.error == ParseError::fragment)
    if (const auto header = read_fragment(ip, wire_length)) put_together(*header, ip, arrival);
  return arrival;
}

void Arrivals::read_ip(std::span<const std::byte> bytes, std::uint32_t wire_length, Arrival& arrival) {
  const auto packet = parse_packet(bytes, wire_length);
  if (packet) {
    arrival.packet = *packet;
    arrival.bytes = packet->length;
    arrival.kind = is_cut(*packet, bytes.size()) ? Arrival::Kind::cut : Arrival::Kind::packet;
    return;
  }
  arrival.error = packet.error();
  arrival.kind = is_cut(arrival.error, bytes, wire_length) ? Arrival::Kind::cut : Arrival::Kind::damaged;
}

void Arrivals::put_together(const FragmentHeader& header, std::span<const std::byte> bytes,
                            Arrival& arrival) {
  const bool ipv4 = header.source.family == Family::ipv4;
  Fragment fragment{header.first, header.last, header.more, {}, {}};
  if (header.more && (header.last - header.first) % 8 != 0) {
    if (!ipv4) return;  // such a fragment is dropped alone
    fragment.last -= fragment.last % 8;
  }
  std::vector<std::byte> carrier;
  if (bytes.size() > header.data_offset) {
    if (header.first == 0) carrier = header_of(bytes, header);
    fragment.header = carrier;
    fragment.data = bytes.subspan(header.data_offset);
  }
  DatagramKey key{header.source, header.destination, header.identification, 0};
  if (ipv4) key.protocol = static_cast<std::uint8_t>(header.protocol);

  const Reassembly state = reassembler_.add(key, fragment, arrival.at);
  if (state == Reassembly::held) ++held_;
  if (state == Reassembly::held || state == Reassembly::duplicate) arrival.kind = Arrival::Kind::held;
  if (state == Reassembly::complete) read_whole(key.source.family, arrival);
}

void Arrivals::read_whole(Family family, Arrival& arrival) {
  const WholeDatagram& whole = reassembler_.whole();
  used_ += whole.fragments - 1;
  arrival.fragments = whole.fragments;
  if (whole.header.empty()) {  // the first fragment was captured without its data
    arrival.kind = Arrival::Kind::cut;
    return;
  }
  if (const auto datagram = joined(whole, family))
    read_ip(*datagram, static_cast<std::uint32_t>(whole.header.size()) + whole.length, arrival);
}

}  // namespace vpcwall

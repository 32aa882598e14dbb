#include "replay/packet_bytes.h"

#include <algorithm>
#include <optional>

#include "replay/byte_writer.h"
#include "replay/internet_checksum.h"
#include "replay/packet_json.h"

namespace vpcwall {
namespace {

constexpr std::size_t ipv4_header_size = 20;
constexpr std::size_t ipv6_header_size = 40;
constexpr std::size_t tcp_header_size = 20;
constexpr std::size_t quoted_transport_size = 8;  // RFC 792, 4443: what an error quotes at least
constexpr std::size_t longest_field = 65535;
constexpr unsigned atomic_datagram = 0x4000;  // do not fragment: RFC 6864
constexpr unsigned next_hop_mtu = 1280;       // the least that every IPv6 link has
constexpr unsigned too_many_headers = 9;      // one more than a chain may have (S-68)

std::size_t ip_header_size(Family family) {
  return family == Family::ipv4 ? ipv4_header_size : ipv6_header_size;
}

// `length` is that of the whole packet.
void put_ip_header(ByteWriter& writer, const IpAddress& source, const IpAddress& destination,
                   unsigned protocol, unsigned hop_limit, std::size_t length) {
  if (source.family == Family::ipv6) {
    writer.u32(6U << 28U).u16(static_cast<unsigned>(length - ipv6_header_size)).u8(protocol).u8(hop_limit);
    writer.address(source).address(destination);
    return;
  }
  ByteWriter header;
  header.u8(0x45).u8(0).u16(static_cast<unsigned>(length)).u16(0).u16(atomic_datagram);
  header.u8(hop_limit).u8(protocol).u16(0).address(source).address(destination);
  header.set_u16(10, internet_checksum(header.bytes()));
  writer.append(header.bytes());
}

void put_tcp_header(ByteWriter& writer, const Packet& packet) {
  writer.u16(packet.source_port).u16(packet.destination_port).u32(1).u32(packet.tcp_flags.ack ? 1 : 0);
  writer.u8(tcp_header_size / 4 << 4U).u8(packet.tcp_flags.to_byte()).u16(longest_field).u16(0).u16(0);
}

// An IPv6 chain that is too long to be followed. Every header is right in itself.
void put_endless_chain(ByteWriter& writer) {
  for (unsigned left = too_many_headers; left > 0; --left) {
    const Protocol next = left > 1 ? Protocol::destination_options : Protocol::no_next_header;
    writer.u8(static_cast<unsigned>(next)).u8(0).u8(1).u8(4).u32(0);  // one option: padding
  }
}

// What stands behind no known header looks like none: under IPv6, AH would be walked through (S-68).
void put_authentication_header(ByteWriter& writer) {
  writer.u8(static_cast<unsigned>(Protocol::no_next_header)).u8(1).u16(0).u32(1).u32(1);
}

void put_quoted_transport(ByteWriter& writer, const QuotedPacket& quoted) {
  if (has_ports(quoted.protocol))
    writer.u16(quoted.source_port).u16(quoted.destination_port).u32(1);
  else if (quoted.transport == Transport::whole)
    writer.u8(quoted.icmp_type).u8(0).u16(0).u16(quoted.icmp_identifier);
  else if (quoted.protocol == Protocol::authentication)
    put_authentication_header(writer);
}

void put_quote(ByteWriter& writer, const QuotedPacket& quoted) {
  const std::size_t header = ip_header_size(quoted.source.family);
  auto protocol = static_cast<unsigned>(quoted.protocol);
  ByteWriter transport;
  switch (quoted.transport) {
    case Transport::cut: break;
    case Transport::lost:  // a later piece: nobody knows its ports
      transport.u8(protocol).u8(0).u16(1U << 3U).u32(1).u64(0);
      protocol = static_cast<unsigned>(Protocol::fragment);
      break;
    case Transport::none:
    case Transport::whole:
      put_quoted_transport(transport, quoted);
      transport.resize(std::max(transport.size(), quoted_transport_size));
      break;
  }
  const std::size_t size = std::max(transport.size(), quoted_transport_size);  // what the sender's packet had
  put_ip_header(writer, quoted.source, quoted.destination, protocol, 64, header + size);
  writer.append(transport.bytes());
}

void put_icmp(ByteWriter& writer, const Packet& packet) {
  writer.u8(packet.icmp_type).u8(packet.icmp_code).u16(0);
  const bool too_big = packet.protocol == Protocol::icmp ? packet.icmp_type == 3 && packet.icmp_code == 4
                                                         : packet.icmp_type == 2;
  writer.u16(packet.icmp_identifier).u16(too_big ? next_hop_mtu : 0);
  if (packet.quoted) put_quote(writer, *packet.quoted);
}

bool is_own_icmp(const Packet& packet) {
  return packet.protocol == (packet.family() == Family::ipv4 ? Protocol::icmp : Protocol::icmpv6);
}

// The headers behind the IP header, without a checksum yet.
ByteWriter transport_of(const Packet& packet) {
  ByteWriter writer;
  if (packet.transport == Transport::lost)
    put_endless_chain(writer);
  else if (packet.protocol == Protocol::tcp)
    put_tcp_header(writer, packet);
  else if (packet.protocol == Protocol::udp)
    writer.u16(packet.source_port).u16(packet.destination_port).u32(0);
  else if (is_own_icmp(packet))
    put_icmp(writer, packet);
  else if (packet.protocol == Protocol::authentication)
    put_authentication_header(writer);
  return writer;
}

// How many bytes stand behind the IP header, given the `headers` that must be among them.
std::size_t transport_size(const Packet& packet, std::size_t headers) {
  const std::size_t ip = ip_header_size(packet.family());
  const std::size_t wanted = packet.length > ip ? packet.length - ip : 0;
  if (packet.transport == Transport::cut) return headers > 0 ? std::min(wanted, headers - 1) : 0;
  // Whatever came behind it would be read as what is missing.
  if (packet.quoted && packet.quoted->transport == Transport::cut) return headers;
  return std::max(wanted, headers);
}

std::optional<std::size_t> checksum_place(const Packet& packet) {
  if (packet.transport != Transport::whole) return std::nullopt;
  switch (packet.protocol) {
    case Protocol::tcp: return 16;
    case Protocol::udp: return 6;
    default: return 2;  // ICMP and ICMPv6
  }
}

void set_checksum(ByteWriter& transport, const Packet& packet, std::size_t place) {
  ByteWriter summed;
  if (packet.protocol != Protocol::icmp) {  // everyone else covers the addresses, too
    summed.address(packet.source).address(packet.destination);
    summed.u32(static_cast<std::uint32_t>(transport.size())).u32(static_cast<unsigned>(packet.protocol));
  }
  summed.append(transport.bytes());
  const std::uint16_t sum = internet_checksum(summed.bytes());
  const bool means_none = packet.protocol == Protocol::udp && sum == 0;
  transport.set_u16(place, means_none ? 0xffffU : sum);
}

}  // namespace

Expected<PacketBytes, std::string> to_bytes(const Packet& packet) {
  const std::size_t ip = ip_header_size(packet.family());
  const std::size_t longest = packet.family() == Family::ipv4 ? longest_field : longest_field + ip;
  if (packet.length > longest)
    return Unexpected{"a packet of " + std::to_string(packet.length) + " bytes is longer than " +
                      std::to_string(longest) + ", the most that its header can say"};

  ByteWriter transport = transport_of(packet);
  transport.resize(transport_size(packet, transport.size()));
  if (packet.protocol == Protocol::udp && packet.transport == Transport::whole)
    transport.set_u16(4, static_cast<unsigned>(transport.size()));
  if (const auto place = checksum_place(packet)) set_checksum(transport, packet, *place);

  const Protocol first =
      packet.transport == Transport::lost ? Protocol::destination_options : packet.protocol;
  ByteWriter writer;
  put_ip_header(writer, packet.source, packet.destination, static_cast<unsigned>(first), packet.hop_limit,
                ip + transport.size());
  writer.append(transport.bytes());

  Packet expected = packet;
  expected.length = static_cast<std::uint32_t>(writer.size());
  const auto parsed = parse_packet(writer.bytes(), expected.length);
  if (!parsed) return Unexpected{"no real packet is like this: " + std::string(to_string(parsed.error()))};
  if (*parsed != expected)
    return Unexpected{"no real packet is like this: it would be read as " + to_json(*parsed).dump()};
  return std::move(writer).take();
}

}  // namespace vpcwall

#include "net/packet.h"

namespace vpcwall {
namespace {

constexpr unsigned max_header_walk = 8;
constexpr std::size_t ipv4_header_size = 20;
constexpr std::size_t ipv6_header_size = 40;
constexpr std::size_t icmp_header_size = 8;
constexpr std::size_t udp_header_size = 8;
constexpr std::size_t tcp_header_size = 20;

// A window on bytes whose every access is preceded by a has() in the same function.
class View {
 public:
  explicit View(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] bool has(std::size_t size) const noexcept { return bytes_.size() >= size; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::uint8_t u8(std::size_t at) const noexcept {
    return std::to_integer<std::uint8_t>(bytes_[at]);
  }
  [[nodiscard]] std::uint16_t u16(std::size_t at) const noexcept {
    return static_cast<std::uint16_t>((unsigned{u8(at)} << 8U) | u8(at + 1));
  }
  [[nodiscard]] IpAddress ipv4(std::size_t at) const noexcept {
    return IpAddress::from_ipv4_bytes(bytes_.subspan(at).first<4>());
  }
  [[nodiscard]] IpAddress ipv6(std::size_t at) const noexcept {
    return IpAddress::from_ipv6_bytes(bytes_.subspan(at).first<16>());
  }
  [[nodiscard]] View from(std::size_t at) const noexcept { return View(bytes_.subspan(at)); }
  [[nodiscard]] View first(std::size_t size) const noexcept {
    return View(bytes_.first(size < bytes_.size() ? size : bytes_.size()));
  }

 private:
  std::span<const std::byte> bytes_;
};

// Where the transport header of an IPv6 packet starts, or why it cannot be found.
struct Chain {
  Protocol protocol = Protocol::no_next_header;
  std::size_t offset = 0;  // from the IP header
  bool lost = false;
  bool fragment = false;  // a piece: more to come, or not the first
};

bool is_extension(Protocol protocol) noexcept {
  return protocol == Protocol::hop_by_hop || protocol == Protocol::routing ||
         protocol == Protocol::destination_options || protocol == Protocol::fragment;
}

bool known_behind_authentication(Protocol protocol) noexcept {
  return is_extension(protocol) || has_ports(protocol) || protocol == Protocol::icmpv6;
}

// A jumbo payload option (RFC 2675) among `options` that does not say how long the packet is. Where it lies,
// its receiver and we might read different packets.
bool has_lying_jumbo_length(View options, std::size_t payload) noexcept {
  constexpr std::uint8_t pad1 = 0, jumbo = 0xc2;
  for (std::size_t at = 0; at < options.size();) {
    const View option = options.from(at);
    if (option.u8(0) == pad1) {
      ++at;
      continue;
    }
    if (!option.has(2)) return false;
    if (option.u8(0) == jumbo) {
      if (!option.has(6) || option.u8(1) != 4) return true;
      const std::uint32_t length = std::uint32_t{option.u16(2)} << 16U | option.u16(4);
      return length <= 0xffffU || length != payload;
    }
    at += 2 + std::size_t{option.u8(1)};
  }
  return false;
}

// S-68: skip hop-by-hop, routing, destination options, fragment, and AH where a known header follows. `total`
// is the length of the packet; a quoted one has none that can be trusted.
Chain walk_extensions(View packet, std::optional<std::size_t> total) noexcept {
  Chain chain{Protocol{packet.u8(6)}, ipv6_header_size, false, false};
  for (unsigned step = 0; step <= max_header_walk; ++step) {
    const bool authentication = chain.protocol == Protocol::authentication;
    if (!is_extension(chain.protocol) && !authentication) return chain;
    if (step == max_header_walk || !packet.has(chain.offset + 8)) break;

    const View header = packet.from(chain.offset);
    const Protocol next{header.u8(0)};
    std::size_t size = 8 + std::size_t{header.u8(1)} * 8;
    if (chain.protocol == Protocol::fragment) {
      size = 8;
      if ((header.u16(2) & 0xfff9U) != 0) chain.fragment = true;
    } else if (authentication) {
      if (!known_behind_authentication(next)) break;
      size = 8 + std::size_t{header.u8(1)} * 4;
    } else if (chain.protocol == Protocol::hop_by_hop && total) {
      if (has_lying_jumbo_length(header.first(size).from(2), *total - ipv6_header_size)) break;
    }
    chain.protocol = next;
    chain.offset += size;
    if (chain.fragment) return chain;
  }
  chain.lost = true;
  return chain;
}

// What a packet's quote says. Only the first 8 bytes of its transport header are promised (RFC 792, 4443).
template <class Into>
void read_quoted_transport(View transport, bool first_piece, Into& into) noexcept {
  const bool icmp = is_icmp(into.protocol);
  if (!has_ports(into.protocol) && !icmp) return;
  into.transport = Transport::cut;
  if (!first_piece) return;
  if (icmp) {
    if (!transport.has(icmp_header_size)) return;
    into.icmp_type = transport.u8(0);
    into.icmp_identifier = transport.u16(4);
  } else {
    if (!transport.has(4)) return;
    into.source_port = transport.u16(0);
    into.destination_port = transport.u16(2);
  }
  into.transport = Transport::whole;
}

std::optional<QuotedPacket> read_quote(View bytes, Family family) noexcept {
  QuotedPacket quoted;
  if (family == Family::ipv4) {
    if (!bytes.has(ipv4_header_size) || bytes.u8(0) >> 4U != 4) return std::nullopt;
    const std::size_t header = std::size_t{bytes.u8(0) & 0x0fU} * 4;
    if (header < ipv4_header_size || !bytes.has(header)) return std::nullopt;
    quoted.source = bytes.ipv4(12);
    quoted.destination = bytes.ipv4(16);
    quoted.protocol = Protocol{bytes.u8(9)};
    const bool first_piece = (bytes.u16(6) & 0x1fffU) == 0;
    if (quoted.protocol != Protocol::icmpv6) read_quoted_transport(bytes.from(header), first_piece, quoted);
    return quoted;
  }
  if (!bytes.has(ipv6_header_size) || bytes.u8(0) >> 4U != 6) return std::nullopt;
  quoted.source = bytes.ipv6(8);
  quoted.destination = bytes.ipv6(24);
  const Chain chain = walk_extensions(bytes, std::nullopt);
  quoted.protocol = chain.protocol;
  if (chain.lost || chain.fragment || !bytes.has(chain.offset)) {
    quoted.transport = Transport::lost;
  } else if (quoted.protocol != Protocol::icmp) {
    read_quoted_transport(bytes.from(chain.offset), true, quoted);
  }
  return quoted;
}

void read_icmp(View transport, Packet& packet) noexcept {
  packet.transport = Transport::cut;
  if (!transport.has(icmp_header_size)) return;
  packet.transport = Transport::whole;
  packet.icmp_type = transport.u8(0);
  packet.icmp_code = transport.u8(1);
  if (is_icmp_query(packet.protocol, packet.icmp_type) || answered_query(packet.protocol, packet.icmp_type)) {
    packet.icmp_identifier = transport.u16(4);
  } else if (is_icmp_error(packet.protocol, packet.icmp_type)) {
    packet.quoted = read_quote(transport.from(icmp_header_size), packet.family());
  }
}

void read_udp(View transport, Packet& packet) noexcept {
  packet.transport = Transport::cut;
  if (!transport.has(udp_header_size)) return;
  packet.transport = Transport::whole;
  packet.source_port = transport.u16(0);
  packet.destination_port = transport.u16(2);
}

// `wire_size` is the size of the transport part on the wire; `transport` may be a shorter copy of it.
void read_tcp(View transport, std::size_t wire_size, Packet& packet) noexcept {
  packet.transport = Transport::cut;
  if (!transport.has(tcp_header_size)) return;
  const std::size_t header = static_cast<std::size_t>(transport.u8(12) >> 4U) * 4;
  if (header < tcp_header_size || header > wire_size) return;
  packet.transport = Transport::whole;
  packet.source_port = transport.u16(0);
  packet.destination_port = transport.u16(2);
  packet.tcp_flags = TcpFlags::from_byte(transport.u8(13));
}

void read_transport(View transport, std::size_t wire_size, Packet& packet) noexcept {
  switch (packet.protocol) {
    case Protocol::tcp: read_tcp(transport, wire_size, packet); break;
    case Protocol::udp: read_udp(transport, packet); break;
    case Protocol::icmp:  // protocol 1 means ICMP only under IPv4, 58 ICMPv6 only under IPv6 (S-66, N-19)
      if (packet.family() == Family::ipv4) read_icmp(transport, packet);
      break;
    case Protocol::icmpv6:
      if (packet.family() == Family::ipv6) read_icmp(transport, packet);
      break;
    default: break;
  }
}

Expected<Packet, ParseError> parse_ipv4(View bytes, std::uint32_t wire_length) noexcept {
  if (!bytes.has(ipv4_header_size)) return Unexpected{ParseError::bad_header_length};
  const std::size_t header = std::size_t{bytes.u8(0) & 0x0fU} * 4;
  if (header < ipv4_header_size || header > wire_length) return Unexpected{ParseError::bad_header_length};
  // A segmentation-offload packet above 64 KiB says 0; its length is what the kernel says it is.
  const std::uint32_t total = bytes.u16(2) != 0 ? bytes.u16(2) : wire_length;
  if (total < header || total > wire_length) return Unexpected{ParseError::bad_total_length};
  if ((bytes.u16(6) & 0x3fffU) != 0) return Unexpected{ParseError::fragment};

  Packet packet;
  packet.source = bytes.ipv4(12);
  packet.destination = bytes.ipv4(16);
  packet.protocol = Protocol{bytes.u8(9)};
  packet.hop_limit = bytes.u8(8);
  packet.length = total;
  const View datagram = bytes.first(total);
  read_transport(datagram.has(header) ? datagram.from(header) : View({}), total - header, packet);
  return packet;
}

Expected<Packet, ParseError> parse_ipv6(View bytes, std::uint32_t wire_length) noexcept {
  if (!bytes.has(ipv6_header_size)) return Unexpected{ParseError::bad_header_length};
  // 0 means a jumbogram or a segmentation-offload packet above 64 KiB.
  const std::uint32_t total =
      bytes.u16(4) != 0 ? std::uint32_t{bytes.u16(4)} + std::uint32_t{ipv6_header_size} : wire_length;
  if (total > wire_length) return Unexpected{ParseError::bad_total_length};

  Packet packet;
  packet.source = bytes.ipv6(8);
  packet.destination = bytes.ipv6(24);
  packet.hop_limit = bytes.u8(7);
  packet.length = total;
  const View datagram = bytes.first(total);
  const Chain chain = walk_extensions(datagram, total);
  if (chain.fragment) return Unexpected{ParseError::fragment};
  if (chain.lost || chain.offset > total) {
    packet.transport = Transport::lost;
    return packet;
  }
  packet.protocol = chain.protocol;
  read_transport(datagram.has(chain.offset) ? datagram.from(chain.offset) : View({}), total - chain.offset,
                 packet);
  return packet;
}

}  // namespace

Expected<Packet, ParseError> parse_packet(std::span<const std::byte> bytes,
                                          std::uint32_t wire_length) noexcept {
  const View view(bytes);
  if (!view.has(1)) return Unexpected{ParseError::empty};
  const std::uint32_t length =
      wire_length < bytes.size() ? static_cast<std::uint32_t>(bytes.size()) : wire_length;
  switch (view.u8(0) >> 4U) {
    case 4: return parse_ipv4(view, length);
    case 6: return parse_ipv6(view, length);
    default: return Unexpected{ParseError::bad_version};
  }
}

std::string_view to_string(ParseError error) noexcept {
  switch (error) {
    case ParseError::empty: return "empty";
    case ParseError::bad_version: return "bad-version";
    case ParseError::bad_header_length: return "bad-header-length";
    case ParseError::bad_total_length: return "bad-total-length";
    case ParseError::fragment: return "fragment";
  }
  return "?";  // GCOVR_EXCL_LINE: every value has its case
}

TcpFlags TcpFlags::from_byte(std::uint8_t byte) noexcept {
  return {.fin = (byte & 0x01U) != 0,
          .syn = (byte & 0x02U) != 0,
          .rst = (byte & 0x04U) != 0,
          .psh = (byte & 0x08U) != 0,
          .ack = (byte & 0x10U) != 0,
          .urg = (byte & 0x20U) != 0};
}

std::uint8_t TcpFlags::to_byte() const noexcept {
  return static_cast<std::uint8_t>((fin ? 0x01U : 0U) | (syn ? 0x02U : 0U) | (rst ? 0x04U : 0U) |
                                   (psh ? 0x08U : 0U) | (ack ? 0x10U : 0U) | (urg ? 0x20U : 0U));
}

bool is_icmp_query(Protocol protocol, std::uint8_t type) noexcept {
  if (protocol == Protocol::icmp) return type == 8 || type == 13 || type == 15 || type == 17;
  return protocol == Protocol::icmpv6 && type == 128;
}

std::optional<std::uint8_t> answered_query(Protocol protocol, std::uint8_t type) noexcept {
  if (protocol == Protocol::icmpv6) return type == 129 ? std::optional<std::uint8_t>(128) : std::nullopt;
  if (protocol != Protocol::icmp) return std::nullopt;
  switch (type) {
    case 0: return std::uint8_t{8};
    case 14: return std::uint8_t{13};
    case 16: return std::uint8_t{15};
    case 18: return std::uint8_t{17};
    default: return std::nullopt;
  }
}

bool is_icmp_error(Protocol protocol, std::uint8_t type) noexcept {
  if (protocol == Protocol::icmp) return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
  return protocol == Protocol::icmpv6 && type >= 1 && type <= 4;
}

}  // namespace vpcwall

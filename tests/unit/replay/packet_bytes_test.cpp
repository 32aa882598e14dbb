#include "replay/packet_bytes.h"

#include <gtest/gtest.h>

#include <random>

#include "replay/byte_writer.h"
#include "replay/internet_checksum.h"
#include "replay/packet_json.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using namespace test;

unsigned u16(std::span<const std::byte> bytes, std::size_t at) {
  return std::to_integer<unsigned>(bytes[at]) << 8U | std::to_integer<unsigned>(bytes[at + 1]);
}

PacketBytes bytes_of(const Packet& packet) {
  const auto bytes = to_bytes(packet);
  if (!bytes) throw std::invalid_argument(to_json(packet).dump() + ": " + bytes.error());
  return *bytes;
}

// RFC 793, 768, 4443: the addresses, the size and the protocol are summed up as well. A sum that is right
// comes out as zero.
unsigned transport_sum(const Packet& packet, std::span<const std::byte> transport) {
  ByteWriter all;
  if (packet.protocol != Protocol::icmp) {
    all.address(packet.source).address(packet.destination).u32(static_cast<std::uint32_t>(transport.size()));
    all.u32(static_cast<std::uint32_t>(packet.protocol));
  }
  return internet_checksum(all.append(transport).bytes());
}

// What must hold of the bytes of every packet, and the packet that is read from them.
void expect_real(const Packet& packet) {
  const PacketBytes bytes = bytes_of(packet);
  const auto json = to_json(packet);
  const auto parsed = parse_packet(bytes, static_cast<std::uint32_t>(bytes.size()));
  ASSERT_TRUE(parsed.has_value()) << json;
  Packet expected = packet;
  expected.length = static_cast<std::uint32_t>(bytes.size());
  ASSERT_EQ(*parsed, expected) << json << " is read as " << to_json(*parsed);

  const std::span<const std::byte> all(bytes);
  const bool ipv4 = packet.family() == Family::ipv4;
  if (ipv4) {
    ASSERT_EQ(u16(all, 2), all.size()) << json;
    ASSERT_EQ(internet_checksum(all.first(20)), 0) << json;
  } else {
    ASSERT_EQ(u16(all, 4), all.size() - 40) << json;
  }
  if (packet.transport != Transport::whole) return;
  const auto transport = all.subspan(ipv4 ? 20 : 40);
  ASSERT_EQ(transport_sum(packet, transport), 0U) << json;
  if (packet.protocol == Protocol::udp) {
    ASSERT_EQ(u16(transport, 4), transport.size()) << json;
    ASSERT_NE(u16(transport, 6), 0U) << json << ": zero would mean no checksum";
  }
}

struct Ends {
  const char *source, *destination;
};
constexpr Ends both_families[] = {{"203.0.113.12", "10.0.0.5"}, {"2001:db8:ffff::12", "2001:db8::5"}};

Packet between(const Ends& ends, Protocol protocol, std::uint32_t length = 60) {
  Packet packet;
  packet.source = ip(ends.source);
  packet.destination = ip(ends.destination);
  packet.protocol = protocol;
  packet.length = length;
  return packet;
}

Protocol own_icmp(const Packet& packet) {
  return packet.family() == Family::ipv4 ? Protocol::icmp : Protocol::icmpv6;
}

TEST(PacketBytes, AreThoseThatAnotherProgramMakes) {  // scapy
  ByteWriter ipv4;
  ipv4.u32(0x4500003c).u32(0x00004000).u32(0x4011f49f).u32(0xcb00710c).u32(0x0a000005);
  ipv4.u16(40000).u16(53).u16(40).u16(0x1d17).resize(60);
  EXPECT_EQ(bytes_of(packet_of("udp 203.0.113.12:40000 > 10.0.0.5:53")), std::move(ipv4).take());
  ByteWriter ipv6;
  ipv6.u32(0x60000000).u32(0x00141140).u64(0x20010db8ffff0000).u64(0x12).u64(0x20010db800000000).u64(0x5);
  ipv6.u16(40000).u16(53).u16(20).u16(0x07c8).resize(60);
  EXPECT_EQ(bytes_of(packet_of("udp 2001:db8:ffff::12:40000 > 2001:db8::5:53")), std::move(ipv6).take());
}

TEST(PacketBytes, HoldPortsAndFlags) {
  for (const Ends& ends : both_families)
    for (const std::uint32_t length : {0U, 1U, 59U, 61U, 1500U, 65535U})
      for (unsigned flags = 0; flags < 64; ++flags) {
        Packet packet = between(ends, flags % 2 == 0 ? Protocol::tcp : Protocol::udp, length);
        packet.transport = Transport::whole;
        packet.source_port = static_cast<std::uint16_t>(flags * 1040);
        packet.destination_port = static_cast<std::uint16_t>(65535 - flags);
        packet.hop_limit = static_cast<std::uint8_t>(flags * 4 + 3);
        if (packet.protocol == Protocol::tcp)
          packet.tcp_flags = TcpFlags::from_byte(static_cast<std::uint8_t>(flags));
        expect_real(packet);
      }
}

TEST(PacketBytes, AreAsLongAsThePacketSaysWhereTheHeadersHaveRoom) {
  EXPECT_EQ(bytes_of(packet_of("tcp S 203.0.113.12:1 > 10.0.0.5:2")).size(), 60U);
  Packet packet = packet_of("tcp S 2001:db8::1:1 > 2001:db8::2:2");
  packet.length = 41;
  EXPECT_EQ(bytes_of(packet).size(), 60U);
  packet.length = 1480;
  EXPECT_EQ(bytes_of(packet).size(), 1480U);
}

TEST(PacketBytes, HoldEveryIcmpTypeAndIdentifier) {
  for (const Ends& ends : both_families)
    for (unsigned type = 0; type < 256; ++type) {
      Packet packet = between(ends, Protocol::icmp);
      packet.protocol = own_icmp(packet);
      packet.transport = Transport::whole;
      packet.icmp_type = static_cast<std::uint8_t>(type);
      packet.icmp_code = static_cast<std::uint8_t>(255 - type);
      if (is_icmp_query(packet.protocol, packet.icmp_type) ||
          answered_query(packet.protocol, packet.icmp_type))
        packet.icmp_identifier = 0xfedc;
      expect_real(packet);
    }
}

TEST(PacketBytes, QuoteWhatAnIcmpErrorSpeaksOf) {
  for (const Ends& ends : both_families)
    for (const std::uint32_t length : {0U, 60U, 576U, 1280U})
      for (unsigned protocol = 0; protocol < 256; ++protocol)
        for (const Transport transport :
             {Transport::none, Transport::whole, Transport::cut, Transport::lost}) {
          Packet packet = between(ends, Protocol::icmp, length);
          packet.protocol = own_icmp(packet);
          packet.transport = Transport::whole;
          packet.icmp_type = 3;
          packet.icmp_code = 4;
          QuotedPacket quoted;
          quoted.source = packet.destination;
          quoted.destination = packet.source;
          quoted.protocol = Protocol{static_cast<std::uint8_t>(protocol)};
          quoted.transport = transport;
          const bool ports = has_ports(quoted.protocol);
          const bool known = ports || quoted.protocol == own_icmp(packet);
          if (transport == Transport::whole && ports) {
            quoted.source_port = 443;
            quoted.destination_port = 40000;
          } else if (transport == Transport::whole) {
            quoted.icmp_type = 8;
            quoted.icmp_identifier = 7;
          }
          packet.quoted = quoted;
          const bool extension =
              protocol == 0 || protocol == 43 || protocol == 44 || protocol == 51 || protocol == 60;
          const bool ipv4 = packet.family() == Family::ipv4;
          const bool possible = transport == Transport::lost   ? !ipv4
                                : transport == Transport::none ? !known && (ipv4 || !extension)
                                                               : known;
          if (possible)
            expect_real(packet);
          else
            EXPECT_FALSE(to_bytes(packet).has_value()) << to_json(packet);
        }
}

TEST(PacketBytes, CutTheTransportHeaderWhereTheLengthSays) {  // S-69
  for (const Ends& ends : both_families)
    for (const Protocol protocol : {Protocol::tcp, Protocol::udp, Protocol::icmp, Protocol::icmpv6}) {
      Packet packet = between(ends, protocol);
      if (is_icmp(protocol) && protocol != own_icmp(packet)) continue;
      packet.transport = Transport::cut;
      const std::uint32_t ip_header = packet.family() == Family::ipv4 ? 20 : 40;
      const std::uint32_t whole = ip_header + (protocol == Protocol::tcp ? 20 : 8);
      for (std::uint32_t length = ip_header; length < whole; ++length) {
        packet.length = length;
        expect_real(packet);
        EXPECT_EQ(bytes_of(packet).size(), length);
      }
      packet.length = 1500;
      expect_real(packet);
      EXPECT_EQ(bytes_of(packet).size(), whole - 1);
      packet.length = 0;
      expect_real(packet);
    }
}

TEST(PacketBytes, HoldAnyProtocolWithAPayload) {  // S-66, S-67
  for (const Ends& ends : both_families)
    for (unsigned protocol = 0; protocol < 256; ++protocol)
      for (const std::uint32_t length : {0U, 60U, 1500U}) {
        const Packet packet = between(ends, Protocol{static_cast<std::uint8_t>(protocol)}, length);
        const bool extension =
            protocol == 0 || protocol == 43 || protocol == 44 || protocol == 51 || protocol == 60;
        const bool has_header = has_ports(packet.protocol) || packet.protocol == own_icmp(packet);
        if (has_header || (extension && packet.family() == Family::ipv6))
          EXPECT_FALSE(to_bytes(packet).has_value()) << to_json(packet) << ": such a packet has more to say";
        else
          expect_real(packet);
      }
}

TEST(PacketBytes, LoseTheHeadersOfIpv6Only) {  // S-68
  Packet packet = between(both_families[1], Protocol::no_next_header);
  packet.transport = Transport::lost;
  expect_real(packet);
  packet.length = 1500;
  expect_real(packet);
  packet.protocol = Protocol::tcp;
  EXPECT_FALSE(to_bytes(packet).has_value()) << "nobody knows what stands behind a lost chain";
  packet = between(both_families[0], Protocol::no_next_header);
  packet.transport = Transport::lost;
  EXPECT_FALSE(to_bytes(packet).has_value());
}

TEST(PacketBytes, AreRefusedWithASentenceWhereNoPacketIsLikeThat) {
  Packet packet = packet_of("tcp S 203.0.113.12:1 > 10.0.0.5:2");
  packet.length = 65536;
  EXPECT_NE(to_bytes(packet).error().find("longer than 65535"), std::string::npos)
      << to_bytes(packet).error();
  packet = packet_of("icmp 3/1 7 203.0.113.12 > 10.0.0.5");
  EXPECT_NE(to_bytes(packet).error().find("would be read as"), std::string::npos)
      << "an ICMP error has no identifier";
  packet = packet_of("udp 2001:db8::1:1 > 2001:db8::2:2");
  packet.length = 65575;
  expect_real(packet);
  packet.length = 65576;
  EXPECT_FALSE(to_bytes(packet).has_value());
}

TEST(PacketBytes, OfUdpNeverSayThatThereIsNoChecksum) {
  Packet packet = packet_of("udp 203.0.113.12:0 > 10.0.0.5:0");
  std::size_t turned = 0;
  for (unsigned port = 0; port < 65536; ++port) {
    packet.source_port = static_cast<std::uint16_t>(port);
    const PacketBytes bytes = bytes_of(packet);
    ASSERT_NE(u16(bytes, 26), 0U) << port;
    turned += u16(bytes, 26) == 0xffff ? 1U : 0U;
  }
  EXPECT_GE(turned, 1U) << "one port makes the sum zero";
}

TEST(PacketBytes, HoldRandomPackets) {
  std::mt19937 dice(4711);  // NOLINT: the same packets every time
  const auto roll = [&dice](unsigned sides) {
    return std::uniform_int_distribution<unsigned>(0, sides - 1)(dice);
  };
  for (int i = 0; i < 20'000; ++i) {
    const Ends& ends = both_families[roll(2)];
    Packet packet = between(ends, Protocol::tcp, roll(2000));
    packet.source = advance(packet.source, roll(1U << 16U));
    packet.destination = advance(packet.destination, roll(1U << 16U));
    packet.hop_limit = static_cast<std::uint8_t>(roll(256));
    packet.transport = Transport::whole;
    switch (roll(4)) {
      case 0: packet.tcp_flags = TcpFlags::from_byte(static_cast<std::uint8_t>(roll(256))); break;
      case 1: packet.protocol = Protocol::udp; break;
      case 2:
        packet.protocol = own_icmp(packet);
        packet.icmp_type = static_cast<std::uint8_t>(roll(256));
        packet.icmp_code = static_cast<std::uint8_t>(roll(256));
        break;
      default:
        packet.protocol = Protocol{static_cast<std::uint8_t>(100 + roll(100))};
        packet.transport = Transport::none;
        break;
    }
    if (has_ports(packet.protocol)) {
      packet.source_port = static_cast<std::uint16_t>(roll(65536));
      packet.destination_port = static_cast<std::uint16_t>(roll(65536));
    }
    expect_real(packet);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace vpcwall

#include "net/packet.h"

#include <gtest/gtest.h>

#include <random>

#include "support/packet_bytes.h"

namespace vpcwall {
namespace {

using namespace test;

Expected<Packet, ParseError> parse(const Bytes& bytes) {
  return parse_packet(bytes, static_cast<std::uint32_t>(bytes.size()));
}

Packet parsed(const Bytes& bytes) {
  const auto packet = parse(bytes);
  EXPECT_TRUE(packet.has_value()) << "parse error " << (packet ? "" : to_string(packet.error()));
  return packet ? *packet : Packet{};
}

IpAddress ip(const char* text) { return *parse_address(text); }

Bytes octets(std::initializer_list<unsigned> values) {
  Bytes bytes;
  for (const unsigned value : values) bytes.u8(value);
  return bytes;
}

TEST(ParsePacket, ReadsAddressesPortsAndFlagsOfTcpOverIpv4) {
  const Packet packet =
      parsed(ipv4({.ttl = 61}, tcp({.source_port = 1234, .destination_port = 80, .flags = 0x12})));
  EXPECT_EQ(packet.source, ip("203.0.113.12"));
  EXPECT_EQ(packet.destination, ip("10.0.0.5"));
  EXPECT_EQ(packet.protocol, Protocol::tcp);
  EXPECT_EQ(packet.transport, Transport::whole);
  EXPECT_EQ(packet.source_port, 1234);
  EXPECT_EQ(packet.destination_port, 80);
  EXPECT_TRUE(packet.tcp_flags.syn && packet.tcp_flags.ack);
  EXPECT_FALSE(packet.tcp_flags.opens());
  EXPECT_EQ(packet.hop_limit, 61);
  EXPECT_EQ(packet.length, 40U);
}

TEST(ParsePacket, SkipsIpv4Options) {
  const Packet packet = parsed(ipv4({.protocol = 17, .option_words = 10}, udp({.destination_port = 53})));
  EXPECT_EQ(packet.destination_port, 53);
  EXPECT_EQ(packet.length, 68U);
}

TEST(ParsePacket, ReadsUdpOverIpv6) {
  const Packet packet = parsed(ipv6({.next = 17}, udp({.source_port = 5, .destination_port = 6}, 10)));
  EXPECT_EQ(packet.source, ip("2001:db8:ffff::12"));
  EXPECT_EQ(packet.family(), Family::ipv6);
  EXPECT_EQ(packet.source_port, 5);
  EXPECT_EQ(packet.destination_port, 6);
  EXPECT_EQ(packet.length, 58U);
}

TEST(ParsePacket, FollowsEveryExtensionHeaderOfTheList) {
  const Packet packet =
      parsed(ipv6({.next = 0}, options_header(60, 1) + options_header(43) + options_header(44) +
                                   fragment_header(51, 0, false) + authentication_header(6) + tcp({})));
  EXPECT_EQ(packet.protocol, Protocol::tcp);
  EXPECT_EQ(packet.destination_port, 443);
}

// It is an extension header: a packet of any protocol could otherwise pass for one of protocol 51.
TEST(ParsePacket, LosesWhatAuthenticationHides) {
  for (const unsigned hidden : {47U, 59U}) {
    const Packet packet = parsed(ipv6({.next = 51}, authentication_header(hidden) + udp({})));
    EXPECT_EQ(packet.transport, Transport::lost) << hidden;
    EXPECT_EQ(packet.protocol, Protocol::no_next_header) << hidden;
  }
}

// RFC 2675: the length must be the packet's, and one that the IPv6 header cannot say.
TEST(ParsePacket, LosesWhatAJumboOptionMisdescribes) {
  const Bytes truthful = octets({6, 0, 0xc2, 4, 0, 0, 0, 28});
  const Bytes larger = octets({6, 0, 0xc2, 4, 0, 1, 0, 0});
  const Bytes padded = octets({6, 1, 0, 0, 1, 2, 0, 0, 0xc2, 4, 0, 0, 0, 28, 0, 0});
  for (const Bytes& header : {truthful, larger, padded})
    EXPECT_EQ(parsed(ipv6({.next = 0, .payload_length = 0}, header + tcp({}))).transport, Transport::lost);
  const Bytes harmless = octets({6, 0, 1, 4, 0xc2, 4, 0, 1});
  EXPECT_EQ(parsed(ipv6({.next = 0}, harmless + tcp({}))).transport, Transport::whole);
}

TEST(ParsePacket, FollowsTheJumboOptionOfAPacketThatIsSoLong) {
  constexpr std::uint32_t payload = 100'000;
  const Bytes option = octets({6, 0, 0xc2, 4, 0, 1, 0x86, 0xa0});
  const Bytes start = ipv6({.next = 0, .payload_length = 0}, option + tcp({.destination_port = 443}));
  const auto packet = parse_packet(start, payload + 40);
  ASSERT_TRUE(packet.has_value());
  EXPECT_EQ(packet->destination_port, 443);
  EXPECT_EQ(packet->length, payload + 40);
}

TEST(ParsePacket, LosesAnExtensionChainThatItCannotFollow) {
  Bytes endless;
  for (int i = 0; i < 20; ++i) endless = endless + options_header(60);
  for (const Bytes& chain : {endless, options_header(6, 200).cut(40), Bytes(4)}) {
    const Packet packet = parsed(ipv6({.next = 60}, chain));
    EXPECT_EQ(packet.transport, Transport::lost);
    EXPECT_EQ(packet.destination_port, 0);
  }
}

TEST(ParsePacket, RefusesPiecesOfADatagram) {
  const Bytes pieces[] = {
      ipv4({.protocol = 17, .fragment_field = 0x2000}, udp({}, 100)),  // first, more to come
      ipv4({.protocol = 17, .fragment_field = 185}, udp({}, 100)),     // last
      ipv6({.next = 44}, fragment_header(17, 0, true) + udp({}, 100)),
      ipv6({.next = 44}, fragment_header(17, 181, false) + udp({}, 100)),
  };
  for (const Bytes& piece : pieces) {
    const auto packet = parse(piece);
    ASSERT_FALSE(packet.has_value());
    EXPECT_EQ(packet.error(), ParseError::fragment);
  }
}

TEST(ParsePacket, TakesAnAtomicFragmentForAWholePacket) {
  EXPECT_EQ(parsed(ipv6({.next = 44}, fragment_header(17, 0, false) + udp({.destination_port = 9})))
                .destination_port,
            9);
}

struct Lie {
  const char* what;
  Bytes bytes;
  ParseError expected;
};

TEST(ParsePacket, RefusesHeadersThatLie) {
  const Lie lies[] = {
      {"nothing", {}, ParseError::empty},
      {"version 5", ipv4({.version = 5}, tcp({})), ParseError::bad_version},
      {"version 0", Bytes(40), ParseError::bad_version},
      {"19 bytes", ipv4({}, {}).cut(19), ParseError::bad_header_length},
      {"header of 16 bytes", ipv4({.header_words = 4}, tcp({})), ParseError::bad_header_length},
      {"header longer than the packet", ipv4({.header_words = 15}, Bytes(8)), ParseError::bad_header_length},
      {"total length below the header", ipv4({.total_length = 19}, tcp({})), ParseError::bad_total_length},
      {"total length beyond the packet", ipv4({.total_length = 41}, tcp({})), ParseError::bad_total_length},
      {"39 bytes of IPv6", ipv6({}, {}).cut(39), ParseError::bad_header_length},
      {"payload beyond the packet", ipv6({.payload_length = 21}, tcp({})), ParseError::bad_total_length},
  };
  for (const Lie& lie : lies) {
    const auto packet = parse(lie.bytes);
    ASSERT_FALSE(packet.has_value()) << lie.what;
    EXPECT_EQ(packet.error(), lie.expected) << lie.what;
  }
}

TEST(ParsePacket, KnowsWhenATransportHeaderIsCut) {
  const Bytes cut[] = {
      ipv4({.protocol = 6}, tcp({}).cut(2)),
      ipv4({.protocol = 6}, tcp({}).cut(19)),
      ipv4({.protocol = 6}, tcp({.data_offset = 4})),  // a header of 16 bytes does not exist
      ipv4({.protocol = 6}, tcp({.data_offset = 8})),  // options that the packet does not carry
      ipv4({.protocol = 17}, udp({}).cut(7)),
      ipv4({.protocol = 1}, icmp(8, 0).cut(7)),
      ipv4({.protocol = 6}, {}),
      ipv6({.next = 58}, icmp(128, 0).cut(4)),
      ipv6({.next = 17}, udp({}).cut(3)),
  };
  for (const Bytes& bytes : cut) {
    const Packet packet = parsed(bytes);
    EXPECT_EQ(packet.transport, Transport::cut);
    EXPECT_EQ(packet.destination_port, 0);
  }
}

TEST(ParsePacket, IgnoresWhatTheLinkPaddedBehindThePacket) {
  const Packet packet = parsed(ipv4({.protocol = 6}, tcp({}).cut(2)) + Bytes(40));
  EXPECT_EQ(packet.transport, Transport::cut) << "padding is not a TCP header";
  EXPECT_EQ(packet.length, 22U);
}

TEST(ParsePacket, JudgesAHeadersOnlyCopyByItsWireLength) {
  const Bytes whole = ipv4({.protocol = 6, .total_length = 1500}, tcp({.data_offset = 8}));
  const auto packet = parse_packet(whole, 1500);
  ASSERT_TRUE(packet.has_value());
  EXPECT_EQ(packet->transport, Transport::whole);
  EXPECT_EQ(packet->length, 1500U);
}

TEST(ParsePacket, TakesTheLengthOfAnOffloadedPacketFromTheKernel) {
  const auto four = parse_packet(ipv4({.total_length = 0}, tcp({})), 70000);
  const auto six = parse_packet(ipv6({.payload_length = 0}, tcp({})), 70000);
  ASSERT_TRUE(four.has_value() && six.has_value());
  EXPECT_EQ(four->length, 70000U);
  EXPECT_EQ(six->length, 70000U);
  EXPECT_EQ(six->destination_port, 443);
}

TEST(ParsePacket, ReadsTypeCodeAndIdentifierOfAQuery) {
  const Packet packet = parsed(ipv4({.protocol = 1}, icmp(8, 0, 0x12340001)));
  EXPECT_EQ(packet.icmp_type, 8);
  EXPECT_EQ(packet.icmp_identifier, 0x1234);
  EXPECT_FALSE(packet.quoted.has_value());
}

TEST(ParsePacket, TakesIcmpOnlyUnderItsOwnFamily) {
  EXPECT_EQ(parsed(ipv4({.protocol = 58}, icmp(128, 0))).transport, Transport::none);
  EXPECT_EQ(parsed(ipv6({.next = 1}, icmp(8, 0))).transport, Transport::none);
}

TEST(ParsePacket, ReadsTheQuoteOfAnIcmpError) {
  const Bytes quote =
      ipv4({.source = "10.0.0.5", .destination = "198.51.100.77", .protocol = 17, .option_words = 3},
           udp({.source_port = 53, .destination_port = 4000}));
  const Packet packet = parsed(ipv4({.protocol = 1, .option_words = 10}, icmp(3, 4, 1400) + quote));
  ASSERT_TRUE(packet.quoted.has_value());
  EXPECT_EQ(packet.quoted->source, ip("10.0.0.5"));
  EXPECT_EQ(packet.quoted->destination, ip("198.51.100.77"));
  EXPECT_EQ(packet.quoted->protocol, Protocol::udp);
  EXPECT_EQ(packet.quoted->source_port, 53);
  EXPECT_EQ(packet.quoted->destination_port, 4000);
}

TEST(ParsePacket, ReadsTheQuoteOfAnIcmpv6ErrorBehindExtensions) {
  const Bytes quote = ipv6({.next = 60}, options_header(6) + tcp({.source_port = 443}).cut(8));
  const Packet packet = parsed(ipv6({.next = 58}, icmp(2, 0, 1280) + quote));
  ASSERT_TRUE(packet.quoted.has_value());
  EXPECT_EQ(packet.quoted->protocol, Protocol::tcp);
  EXPECT_EQ(packet.quoted->source_port, 443);
}

TEST(ParsePacket, SaysWhenAQuoteHasNoPorts) {
  const Bytes cut = ipv4({.protocol = 6}, tcp({}).cut(3));
  const Bytes later_piece = ipv4({.protocol = 17, .fragment_field = 100}, udp({}));
  for (const Bytes& quote : {cut, later_piece}) {
    const Packet packet = parsed(ipv4({.protocol = 1}, icmp(3, 3) + quote));
    ASSERT_TRUE(packet.quoted.has_value());
    EXPECT_EQ(packet.quoted->transport, Transport::cut);
  }
  EXPECT_FALSE(parsed(ipv4({.protocol = 1}, icmp(11, 0) + Bytes(12))).quoted.has_value());
}

TEST(ParsePacket, NeverReadsPastItsBytesWhateverTheyAre) {
  std::mt19937 random(20260101);
  const Bytes seeds[] = {ipv4({.protocol = 1}, icmp(3, 4) + ipv4({.protocol = 6}, tcp({}))),
                         ipv6({.next = 0}, options_header(44) + fragment_header(58, 0, false) + icmp(1, 0) +
                                               ipv6({.next = 60}, options_header(17) + udp({})))};
  int understood = 0;
  for (int round = 0; round < 200000; ++round) {
    Bytes bytes = seeds[round % 2];
    for (int change = 0; change < 4; ++change)
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    bytes.resize(random() % (bytes.size() + 1));
    bytes.shrink_to_fit();  // so that AddressSanitizer sees one byte too far
    understood += parse(bytes).has_value() ? 1 : 0;
  }
  EXPECT_GT(understood, 1000) << "the mutations must not all be refused at the first byte";
}

TEST(IcmpTypes, PairQueriesWithTheirAnswers) {
  for (const auto& [query, answer] :
       {std::pair(8, 0), std::pair(13, 14), std::pair(15, 16), std::pair(17, 18)}) {
    EXPECT_TRUE(is_icmp_query(Protocol::icmp, static_cast<std::uint8_t>(query)));
    EXPECT_EQ(answered_query(Protocol::icmp, static_cast<std::uint8_t>(answer)), query);
  }
  EXPECT_EQ(answered_query(Protocol::icmpv6, 129), 128);
  EXPECT_FALSE(answered_query(Protocol::icmpv6, 0).has_value());
  EXPECT_FALSE(is_icmp_query(Protocol::icmpv6, 8));
}

}  // namespace
}  // namespace vpcwall

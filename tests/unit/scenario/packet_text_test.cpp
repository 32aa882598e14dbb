#include "scenario/packet_text.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

std::optional<IpAddress> book(std::string_view name, std::optional<Family> family) {
  if (name == "x") return parse_address("203.0.113.12");
  if (name == "x6") return parse_address("2001:db8:ffff::12");
  if (name == "a1") return parse_address(family == Family::ipv6 ? "2001:db8::5" : "10.0.0.5");
  return std::nullopt;
}

Packet read(std::string_view text) {
  const auto packet = read_packet_text(text, book);
  EXPECT_TRUE(packet) << text << ": " << (packet ? "" : packet.error().message);
  return packet ? *packet : Packet{};
}

std::string mistake(std::string_view text) {
  const auto packet = read_packet_text(text, book);
  return packet ? "read without a mistake" : packet.error().message;
}

TEST(PacketText, ReadsTcpWithFlagsAndNames) {
  const Packet packet = read("tcp SA a1:443 > x:40000");
  EXPECT_EQ(to_string(packet.source), "10.0.0.5");
  EXPECT_EQ(packet.destination_port, 40000);
  EXPECT_EQ(packet.protocol, Protocol::tcp);
  EXPECT_TRUE(packet.tcp_flags.syn && packet.tcp_flags.ack && !packet.tcp_flags.fin);
  EXPECT_EQ(packet.transport, Transport::whole);
  EXPECT_EQ(packet.length, 60U);
}

TEST(PacketText, TakesTheFamilyOfTheOtherEndForAName) {
  EXPECT_EQ(to_string(read("udp a1:1 > x6:2").source), "2001:db8::5");
  EXPECT_EQ(to_string(read("udp x6:1 > a1:2").destination), "2001:db8::5");
  EXPECT_EQ(to_string(read("udp [2001:db8:ffff::1]:1 > a1:2").destination), "2001:db8::5");
}

TEST(PacketText, ReadsIcmpWithIdentifierAndQuote) {
  const Packet query = read("icmp 8/0 id 7 x > a1");
  EXPECT_EQ(query.icmp_identifier, 7);
  const Packet error = read("icmp 3/4 x > a1 quoting (tcp a1:443 > x:40000)");
  ASSERT_TRUE(error.quoted);
  EXPECT_EQ(error.quoted->source_port, 443);
  EXPECT_EQ(error.quoted->protocol, Protocol::tcp);
}

TEST(PacketText, TakesTheOtherFamilysIcmpForAnyProtocol) {  // S-66, N-19
  const Packet packet = read("icmp 8/0 [2001:db8::1] > [2001:db8::2]");
  EXPECT_EQ(packet.transport, Transport::none);
  EXPECT_EQ(packet.icmp_type, 0);
}

TEST(PacketText, ReadsHeadersThatCannotBeRead) {
  EXPECT_EQ(read("tcp x > a1 cut").transport, Transport::cut);
  EXPECT_EQ(read("tcp S x > a1 cut").transport, Transport::cut);
  EXPECT_EQ(read("icmp x > a1 cut").transport, Transport::cut);
  EXPECT_EQ(read("protocol 60 x6 > a1 lost").transport, Transport::lost);
}

TEST(PacketText, WritesWhatItReads) {
  for (const char* text :
       {"tcp S x:40000 > a1:443", "tcp - x:1 > a1:2 length 1500", "udp x6:53 > a1:40000 hop-limit 1",
        "icmp 8/0 id 7 x > a1", "icmpv6 128/0 id 3 x6 > a1", "icmpv6 135/0 x6 > a1 hop-limit 255",
        "protocol 47 x > a1", "tcp x > a1 cut", "protocol 60 x6 > a1 lost",
        "icmp 3/4 x > a1 quoting (tcp a1:443 > x:40000)", "icmp 11/0 x > a1 quoting (icmp 8/0 id 9 a1 > x)",
        "icmp 3/2 x > a1 quoting (protocol 47 a1 > x)"}) {
    const Packet packet = read(text);
    EXPECT_EQ(read(packet_text(packet)), packet) << text << " became " << packet_text(packet);
  }
}

TEST(PacketText, SaysWhatIsWrong) {
  EXPECT_EQ(mistake("tpc S x:1 > a1:2"), "found \"tpc\", expected tcp, udp, icmp, icmpv6 or protocol NUMBER");
  EXPECT_EQ(mistake("tcp S x:1 a1:2"), "found \"a1:2\", expected `>` between source and destination");
  EXPECT_EQ(mistake("tcp Z x:1 > a1:2"), "found \"Z\", expected TCP flags, letters of SAFRPU, or - for none");
  EXPECT_EQ(mistake("tcp S x > a1:2"), "found no port, expected SOURCE:PORT > DESTINATION:PORT");
  EXPECT_EQ(mistake("tcp S x:70000 > a1:2"), "found \"70000\", expected a port, a number from 0 to 65535");
  EXPECT_EQ(mistake("udp q:1 > a1:2"),
            "found \"q\", expected an IP address, a name of `names`, or an interface of the policy");
  EXPECT_EQ(mistake("udp x:1 > x6:2"),
            "found 203.0.113.12 and 2001:db8:ffff::12, expected addresses of one family");
  EXPECT_EQ(mistake("protocol 47 x:1 > a1"), "found a port, expected none: only tcp and udp have ports");
  EXPECT_EQ(mistake("icmp 8 x > a1"), "found \"8\", expected TYPE/CODE");
  EXPECT_EQ(mistake("icmp 3/4 203.0.113.1 > 10.0.0.5 quoting (tcp [2001:db8::1]:1 > [2001:db8::2]:2)"),
            "found a quoted packet of another family than the packet that quotes it");
  EXPECT_EQ(mistake("udp x:1 > a1:2 quoting (udp x:1 > a1:2)"),
            "found a quoted packet, expected one only in an ICMP error");
  EXPECT_EQ(mistake("udp x:1 > a1:2 fast"),
            "found \"fast\", expected hop-limit N, length N, cut, lost or quoting (PACKET)");
  EXPECT_EQ(mistake("udp x:1 >"), "found the end of the packet, expected a destination");
}

}  // namespace
}  // namespace vpcwall

#include "replay/packet_json.h"

#include <gtest/gtest.h>

#include "support/packet_bytes.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using namespace test;

Packet read(const std::string& text) {
  const auto packet = read_packet(nlohmann::json::parse(text));
  if (!packet) throw std::invalid_argument(text + ": " + packet.error().message);
  return *packet;
}

void expect_round_trip(const Packet& packet) {
  const auto json = to_json(packet);
  const auto again = read_packet(nlohmann::json::parse(json.dump()));
  ASSERT_TRUE(again.has_value()) << json << ": " << again.error().message;
  EXPECT_EQ(*again, packet) << json << " was read back as " << to_json(*again);
}

Packet parsed(const Bytes& bytes) {
  const auto packet = parse_packet(bytes, static_cast<std::uint32_t>(bytes.size()));
  if (!packet) throw std::invalid_argument(std::string(to_string(packet.error())));
  return *packet;
}

TEST(PacketJson, IsWrittenAsPeopleWriteIt) {
  EXPECT_EQ(to_json(packet_of("tcp SA 203.0.113.12:40000 > 10.0.1.10:443")).dump(),
            R"({"protocol":"tcp","source":"203.0.113.12","source_port":40000,"destination":"10.0.1.10",)"
            R"("destination_port":443,"flags":"SA","hop_limit":64,"length":60})");
  EXPECT_EQ(to_json(packet_of("icmp 8/0 7 203.0.113.12 > 10.0.1.10")).dump(),
            R"({"protocol":"icmp","source":"203.0.113.12","destination":"10.0.1.10","type":8,"code":0,)"
            R"("id":7,"hop_limit":64,"length":60})");
  EXPECT_EQ(
      to_json(packet_of("47 2001:db8::1 > 2001:db8::2")).dump(),
      R"({"protocol":47,"source":"2001:db8::1","destination":"2001:db8::2","hop_limit":64,"length":60})");
}

TEST(PacketJson, IsReadBackAsTheSamePacket) {
  const char* written[] = {
      R"({"protocol": "tcp", "source": "10.0.0.1", "source_port": 0, "destination": "10.0.0.2",
          "destination_port": 65535, "flags": "SAFRPU", "hop_limit": 0, "length": 0})",
      R"({"protocol": "tcp", "source": "::", "source_port": 1, "destination": "::ffff:10.0.0.2",
          "destination_port": 2, "hop_limit": 255, "length": 16777216})",
      R"({"protocol": "udp", "source": "fe80::1", "source_port": 546, "destination": "ff02::1:2",
          "destination_port": 547})",
      R"({"protocol": "udp", "source": "0.0.0.0", "source_port": 68, "destination": "255.255.255.255",
          "destination_port": 67})",
      R"({"protocol": "icmp", "source": "10.0.0.1", "destination": "10.0.0.2", "type": 255, "code": 255,
          "id": 65535})",
      R"({"protocol": "icmpv6", "source": "::1", "destination": "::2", "type": 128})",
      R"({"protocol": "icmp", "source": "::1", "destination": "::2"})",
      R"({"protocol": "icmpv6", "source": "10.0.0.1", "destination": "10.0.0.2"})",
      R"({"protocol": 0, "source": "10.0.0.1", "destination": "10.0.0.2"})",
      R"({"protocol": 255, "source": "::1", "destination": "::2"})",
      R"({"protocol": "tcp", "source": "10.0.0.1", "destination": "10.0.0.2", "truncated": true})",
      R"({"protocol": "icmpv6", "source": "::1", "destination": "::2", "truncated": true})",
      R"({"protocol": 59, "source": "::1", "destination": "::2", "lost": true})",
      R"({"protocol": "icmp", "source": "10.0.0.1", "destination": "10.0.0.2", "type": 3, "code": 4,
          "quoted": {"protocol": "tcp", "source": "10.0.0.2", "source_port": 443,
                     "destination": "10.0.0.1", "destination_port": 40000}})",
      R"({"protocol": "icmpv6", "source": "::1", "destination": "::2", "type": 2,
          "quoted": {"protocol": "icmpv6", "source": "::2", "destination": "::1", "type": 128, "id": 9}})",
      R"({"protocol": "icmpv6", "source": "::1", "destination": "::2", "type": 1,
          "quoted": {"protocol": 50, "source": "::2", "destination": "::1"}})",
      R"({"protocol": "icmp", "source": "10.0.0.1", "destination": "10.0.0.2", "type": 11,
          "quoted": {"protocol": "udp", "source": "10.0.0.2", "destination": "10.0.0.1", "truncated": true}})",
      R"({"protocol": "icmpv6", "source": "::1", "destination": "::2", "type": 3,
          "quoted": {"protocol": "udp", "source": "::2", "destination": "::1", "lost": true}})",
      R"({"protocol": "icmp", "source": "10.0.0.1", "destination": "10.0.0.2", "type": 3,
          "quoted": {"protocol": "icmpv6", "source": "10.0.0.2", "destination": "10.0.0.1"}})",
  };
  for (const char* text : written) expect_round_trip(read(text));
}

TEST(PacketJson, SaysHowMuchOfTheTransportHeaderThereIs) {
  const auto transport = [](const std::string& rest) {
    return read(R"({"protocol": "udp", "source": "::1", "destination": "::2", )" + rest + "}").transport;
  };
  EXPECT_EQ(transport(R"("truncated": true)"), Transport::cut);
  EXPECT_EQ(transport(R"("lost": true)"), Transport::lost);
  EXPECT_EQ(transport(R"("truncated": false, "lost": false, "source_port": 1, "destination_port": 2)"),
            Transport::whole);
}

TEST(PacketJson, HoldsEverythingThatTheParserMakes) {
  const Bytes quoted_v4 = ipv4({.source = "10.0.0.5", .destination = "203.0.113.12"}, tcp({}));
  const Bytes quoted_v6 = ipv6({.next = 58}, icmp(129, 0, 0x00070001));
  std::vector<Bytes> all{
      ipv4({}, tcp({.flags = 0xff})),
      ipv4({}, tcp({}).cut(19)),
      ipv4({.protocol = 17}, udp({}, 100)),
      ipv4({.protocol = 58}, icmp(128, 0)),
      ipv4({.protocol = 1}, icmp(8, 0, 0xffff0001)),
      ipv4({.protocol = 1}, icmp(8, 0).cut(7)),
      ipv4({.protocol = 1}, icmp(3, 4) + quoted_v4),
      ipv4({.protocol = 1}, icmp(3, 4) + quoted_v4.cut(23)),
      ipv4({.protocol = 1}, icmp(3, 4) + quoted_v4.cut(19)),
      ipv4({.protocol = 1}, icmp(5, 1) + ipv4({.protocol = 58}, icmp(8, 0))),
      ipv4({.protocol = 1}, icmp(11, 0) + ipv4({.protocol = 1, .fragment_field = 1}, icmp(8, 0))),
      ipv6({}, tcp({})),
      ipv6({.next = 1}, icmp(8, 0)),
      ipv6({.next = 59}, {}),
      ipv6({.next = 60}, Bytes(4)),
      ipv6({.next = 58}, icmp(2, 0) + quoted_v6),
      ipv6({.next = 58}, icmp(2, 0) + quoted_v6.cut(47)),
      ipv6({.next = 58}, icmp(3, 0) + ipv6({.next = 44}, fragment_header(17, 9, true) + udp({}))),
      ipv6({.next = 58}, icmp(4, 0) + ipv6({.next = 60}, Bytes(3))),
      ipv6({.next = 58}, icmp(1, 0) + ipv6({.next = 1}, icmp(8, 0))),
  };
  for (unsigned protocol = 0; protocol < 256; ++protocol) {
    all.push_back(ipv4({.protocol = protocol}, Bytes(40)));
    all.push_back(ipv6({.next = protocol}, Bytes(40)));
  }
  for (const Bytes& bytes : all) expect_round_trip(parsed(bytes));
}

TEST(ReadPacket, SaysWhatIsWrongWithDamage) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"protocol": 59, "source": "10.0.0.1", "destination": "10.0.0.2", "lost": true})", "not of IPv4"},
      {R"({"protocol": 59, "source": "::1", "destination": "::2", "lost": true, "truncated": true})",
       "exclude each other"},
      {R"({"protocol": 59, "source": "::1", "destination": "::2", "lost": 1})", "expected true or false"},
      {R"({"protocol": 6, "source": "::1", "destination": "::2", "truncated": "yes"})", "true or false"},
      {R"({"protocol": "tcp", "source": "10.0.0.1", "source_port": 1, "destination": "10.0.0.2",
          "destination_port": 2, "flags": "SX"})",
       "expected letters of SAFRPU"},
      {R"({"protocol": "tcp", "source": "10.0.0.1", "source_port": 1, "destination": "10.0.0.2",
          "destination_port": 2, "flags": 5})",
       "found 5 for \"flags\", expected letters of SAFRPU"},
      {R"({"protocol": 47, "source": "10.0.0.1\u0000x", "destination": "10.0.0.2"})",
       "expected an IP address"},
      {R"({"protocol": "icmp", "source": "10.0.0.1", "destination": "10.0.0.2", "type": 3, "code": 1,
          "quoted": {"protocol": "tcp", "source": "2001:db8::1", "source_port": 1, "destination": "2001:db8::2",
          "destination_port": 2}})",
       "the quoted packet is of another family"},
  };
  for (const auto& [text, part] : rows) {
    const auto packet = read_packet(nlohmann::json::parse(text));
    ASSERT_FALSE(packet.has_value()) << text;
    EXPECT_NE(packet.error().message.find(part), std::string::npos) << packet.error().message;
  }
}

}  // namespace
}  // namespace vpcwall

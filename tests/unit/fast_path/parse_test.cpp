// What the kernel's program reads of a packet is what the daemon's parser reads; whatever it does not
// understand in full is left to that.
#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "fast_path/program.h"
#include "fast_path/tuple.h"
#include "support/packet_bytes.h"

namespace vpcwall {
namespace {

using test::Bytes;

// As the program loads it: at most most_header bytes.
std::optional<fast_path::parsed_packet> read(const Bytes& bytes, std::uint32_t wire_length = 0) {
  std::array<std::uint8_t, fast_path::most_header> header{};
  const std::size_t have = std::min(bytes.size(), header.size());
  if (have > 0) std::memcpy(header.data(), bytes.data(), have);
  fast_path::parsed_packet packet{};
  const auto length = wire_length != 0 ? wire_length : static_cast<std::uint32_t>(bytes.size());
  if (fast_path::parse(header.data(), static_cast<std::uint32_t>(have), length, &packet) == 0)
    return std::nullopt;
  return packet;
}

void expect_as_parsed(const Bytes& bytes) {
  const auto seen = read(bytes);
  const auto packet = parse_packet(bytes, static_cast<std::uint32_t>(bytes.size()));
  ASSERT_TRUE(seen && packet);
  const DirectedTuple directed = directed_tuple(*packet);
  EXPECT_TRUE(fast_path::same_tuple(&seen->tuple, &directed.tuple));
  EXPECT_EQ(seen->direction, directed.direction);
  EXPECT_EQ(seen->length, packet->length);
  EXPECT_EQ(seen->tcp_flags, packet->tcp_flags.to_byte());
}

TEST(FastPathParse, ReadsPlainTcpAndUdpOfBothFamilies) {
  for (const char* source : {"203.0.113.12", "9.0.0.1"}) {
    expect_as_parsed(test::ipv4({.source = source}, test::tcp({.flags = 0x12})));
    expect_as_parsed(test::ipv4({.source = source, .protocol = 17}, test::udp({}, 100)));
    expect_as_parsed(test::ipv4({.source = source, .protocol = 17}, test::udp({})));
  }
  for (const char* source : {"2001:db8:ffff::12", "2001:db8::1"}) {
    expect_as_parsed(test::ipv6({.source = source}, test::tcp({.flags = 0x11})));
    expect_as_parsed(test::ipv6({.source = source, .next = 17}, test::udp({}, 3)));
  }
}

TEST(FastPathParse, BothDirectionsAreOneTuple) {
  const auto there = read(test::ipv4({.source = "203.0.113.12", .destination = "10.0.0.5"},
                                     test::tcp({.source_port = 40000, .destination_port = 443})));
  const auto back = read(test::ipv4({.source = "10.0.0.5", .destination = "203.0.113.12"},
                                    test::tcp({.source_port = 443, .destination_port = 40000})));
  ASSERT_TRUE(there && back);
  EXPECT_TRUE(fast_path::same_tuple(&there->tuple, &back->tuple));
  EXPECT_NE(there->direction, back->direction);
}

TEST(FastPathParse, LeavesEverythingElseToTheDaemon) {
  const Bytes good = test::tcp({});
  EXPECT_FALSE(read(test::ipv4({.option_words = 1}, good))) << "IPv4 options";
  EXPECT_FALSE(read(test::ipv4({.fragment_field = 0x2000}, good))) << "a first fragment";
  EXPECT_FALSE(read(test::ipv4({.fragment_field = 3}, good))) << "a later fragment";
  EXPECT_FALSE(read(test::ipv4({.protocol = 1}, test::icmp(8, 0)))) << "ICMP";
  EXPECT_FALSE(read(test::ipv4({.protocol = 47}, good))) << "GRE";
  EXPECT_FALSE(read(test::ipv4({.version = 5}, good))) << "another version";
  EXPECT_FALSE(read(test::ipv4({.total_length = 41}, good))) << "longer than it is";
  EXPECT_FALSE(read(test::ipv4({.total_length = 39}, good))) << "shorter than it is";
  EXPECT_FALSE(read(test::ipv4({}, good).cut(39), 40)) << "a TCP header that is cut";
  EXPECT_FALSE(read(test::ipv4({}, test::tcp({.data_offset = 4})))) << "a TCP header below its own size";
  EXPECT_FALSE(read(test::ipv4({}, test::tcp({.data_offset = 6})))) << "TCP options that are not there";
  EXPECT_FALSE(read(test::ipv6({.next = 0}, test::options_header(6) + good))) << "extension headers";
  EXPECT_FALSE(read(test::ipv6({.next = 44}, test::fragment_header(6, 0, true) + good)))
      << "an IPv6 fragment";
  EXPECT_FALSE(read(test::ipv6({.payload_length = 21}, good))) << "longer than it is";
  EXPECT_FALSE(read(Bytes{})) << "nothing";
}

// A segmentation-offload packet above 64 KiB has no length in its header; the kernel knows it.
TEST(FastPathParse, BelievesTheKernelWhereTheHeaderSaysNothing) {
  const auto packet = read(test::ipv4({.total_length = 0}, test::tcp({})), 100'000);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->length, 100'000U);
}

}  // namespace
}  // namespace vpcwall

// What a program at a device reads of a packet: the same as parse(), behind which a link's padding may stand,
// and nothing that the kernel would drop before the hook.
#include "fast_path/arrival.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "support/packet_bytes.h"

namespace vpcwall {
namespace {

using test::Bytes;

std::vector<std::byte> whole(const Bytes& packet) {
  std::vector<std::byte> bytes(packet.data(), packet.data() + packet.size());
  if ((std::to_integer<unsigned>(bytes[0]) >> 4U) == 4) test::fill_in_checksum(bytes);
  return bytes;
}

std::optional<fast_path::parsed_packet> read(const std::vector<std::byte>& bytes, std::size_t padding = 0) {
  std::array<std::uint8_t, fast_path::most_header> header{};
  const std::size_t available = bytes.size() + padding;
  std::memcpy(header.data(), bytes.data(), std::min(bytes.size(), header.size()));
  fast_path::parsed_packet packet{};
  if (fast_path::parse_arriving(header.data(), static_cast<std::uint32_t>(std::min(available, header.size())),
                                static_cast<std::uint32_t>(available), &packet) == 0)
    return std::nullopt;
  return packet;
}

TEST(FastPathArrival, ReadsPlainPacketsAndLeavesTheLinksPaddingOut) {
  for (const Bytes& packet :
       {test::ipv4({}, test::tcp({.flags = 0x10})), test::ipv6({}, test::tcp({.flags = 0x10})),
        test::ipv4({.protocol = 17}, test::udp({})), test::ipv6({.next = 17}, test::udp({}, 3))})
    for (const std::size_t padding : {0, 6, 18, 100}) {
      const auto seen = read(whole(packet), padding);
      ASSERT_TRUE(seen);
      EXPECT_EQ(seen->length, packet.size());
    }
}

// Padding must not stand in for a header that is not there.
TEST(FastPathArrival, LeavesAPacketWhoseHeaderEndsInThePaddingToTheDaemon) {
  EXPECT_FALSE(read(whole(test::ipv4({.total_length = 30}, test::tcp({}).cut(10))), 30));
  EXPECT_FALSE(read(whole(test::ipv4({.total_length = 8}, test::tcp({})))));
  EXPECT_FALSE(read(whole(test::ipv6({.payload_length = 4}, test::udp({}).cut(4))), 60));
}

TEST(FastPathArrival, DoesNotAnswerWhatEndsBeforeTheHook) {
  EXPECT_FALSE(read(whole(test::ipv4({.ttl = 1}, test::tcp({}))))) << "no hop left";
  EXPECT_FALSE(read(whole(test::ipv6({.hop_limit = 1}, test::tcp({}))))) << "no hop left";
  EXPECT_TRUE(read(whole(test::ipv4({.ttl = 2}, test::tcp({})))));
  std::vector<std::byte> wrong = whole(test::ipv4({}, test::tcp({})));
  wrong[10] ^= std::byte{1};
  EXPECT_FALSE(read(wrong)) << "a checksum that is wrong";
  EXPECT_FALSE(read(whole(test::ipv4({.total_length = 60}, test::tcp({}))))) << "cut on its way";
  EXPECT_FALSE(read(whole(test::ipv4({.fragment_field = 0x2000}, test::tcp({}))))) << "a fragment";
}

}  // namespace
}  // namespace vpcwall

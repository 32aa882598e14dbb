#include "replay/reassembler.h"

#include <gtest/gtest.h>

#include "support/policies.h"

namespace vpcwall {
namespace {

using std::chrono::seconds;

DatagramKey datagram(std::uint32_t number) { return {test::ip("10.0.0.1"), test::ip("10.0.0.2"), number}; }

Fragment piece(std::uint32_t first, std::uint32_t last) { return {first, last, true, {}, {}}; }
Fragment last_piece(std::uint32_t first, std::uint32_t last) { return {first, last, false, {}, {}}; }

std::vector<std::byte> bytes(std::size_t size, unsigned value) {
  return {size, static_cast<std::byte>(value)};
}

TEST(Reassembler, HoldsADatagramUntilItIsWhole) {  // C-64
  Reassembler reassembler;
  EXPECT_EQ(reassembler.add(datagram(1), last_piece(1480, 2000), seconds(0)), Reassembly::held);
  EXPECT_EQ(reassembler.add(datagram(2), piece(0, 1480), seconds(0)), Reassembly::held) << "another datagram";
  DatagramKey other = datagram(1);
  other.protocol = 17;
  EXPECT_EQ(reassembler.add(other, piece(0, 1480), seconds(0)), Reassembly::held) << "another protocol";
  EXPECT_EQ(reassembler.add(datagram(1), piece(0, 1480), seconds(29)), Reassembly::complete);
  EXPECT_EQ(reassembler.whole().length, 2000U);
  EXPECT_EQ(reassembler.whole().fragments, 2U);
}

TEST(Reassembler, ForgetsADatagramAfterItsTime) {  // C-64
  const DatagramKey ipv6{test::ip("2001:db8::1"), test::ip("2001:db8::2"), 1};
  Reassembler reassembler;
  EXPECT_EQ(reassembler.add(datagram(1), piece(0, 8), seconds(0)), Reassembly::held);
  EXPECT_EQ(reassembler.add(ipv6, piece(0, 8), seconds(0)), Reassembly::held);
  EXPECT_EQ(reassembler.add(datagram(1), last_piece(8, 16), seconds(30)), Reassembly::held);
  EXPECT_EQ(reassembler.add(ipv6, last_piece(8, 16), seconds(59)), Reassembly::complete);
  EXPECT_EQ(reassembler.add(datagram(1), piece(0, 8), seconds(59)), Reassembly::complete)
      << "the second fragment has begun a datagram of its own";
}

TEST(Reassembler, RefusesFragmentsThatOverlap) {
  Reassembler reassembler;
  EXPECT_EQ(reassembler.add(datagram(1), piece(0, 1480), seconds(0)), Reassembly::held);
  EXPECT_EQ(reassembler.add(datagram(1), last_piece(1472, 2000), seconds(0)), Reassembly::refused);
  EXPECT_EQ(reassembler.add(datagram(1), last_piece(1480, 2000), seconds(0)), Reassembly::held)
      << "what was there is gone";

  EXPECT_EQ(reassembler.add(datagram(2), piece(16, 32), seconds(0)), Reassembly::held);
  EXPECT_EQ(reassembler.add(datagram(2), piece(8, 24), seconds(0)), Reassembly::refused) << "from below";
}

TEST(Reassembler, DropsOnlyTheFragmentThatBringsNothingNew) {
  Reassembler reassembler;
  EXPECT_EQ(reassembler.add(datagram(1), piece(16, 32), seconds(0)), Reassembly::held);
  EXPECT_EQ(reassembler.add(datagram(1), piece(16, 32), seconds(0)), Reassembly::duplicate);
  EXPECT_EQ(reassembler.add(datagram(1), piece(24, 32), seconds(0)), Reassembly::duplicate);
  EXPECT_EQ(reassembler.add(datagram(1), last_piece(32, 40), seconds(0)), Reassembly::held);
  EXPECT_EQ(reassembler.add(datagram(1), piece(0, 16), seconds(0)), Reassembly::complete);
  EXPECT_EQ(reassembler.whole().fragments, 3U);
}

TEST(Reassembler, RefusesFragmentsThatContradictEachOtherAboutTheLength) {
  for (const auto& [before, after] :
       {std::pair{last_piece(8, 16), last_piece(16, 24)}, std::pair{last_piece(8, 16), piece(16, 24)},
        std::pair{piece(16, 24), last_piece(8, 16)}}) {
    Reassembler reassembler;
    EXPECT_EQ(reassembler.add(datagram(1), before, seconds(0)), Reassembly::held);
    EXPECT_EQ(reassembler.add(datagram(1), after, seconds(0)), Reassembly::refused);
  }
  Reassembler reassembler;
  EXPECT_EQ(reassembler.add(datagram(1), piece(8, 8), seconds(0)), Reassembly::refused) << "empty";
  EXPECT_EQ(reassembler.add(datagram(1), last_piece(65528, 65544), seconds(0)), Reassembly::refused)
      << "too long";
}

TEST(Reassembler, GivesTheBytesThatAreKnownFromTheBeginning) {
  Reassembler reassembler;
  const auto header = bytes(20, 1), first = bytes(8, 2), second = bytes(16, 3), third = bytes(8, 4);
  EXPECT_EQ(reassembler.add(datagram(1), {24, 32, false, bytes(20, 9), third}, seconds(0)), Reassembly::held);
  EXPECT_EQ(reassembler.add(datagram(1), {8, 24, true, bytes(20, 9), second}, seconds(0)), Reassembly::held);
  EXPECT_EQ(reassembler.add(datagram(1), {0, 8, true, header, first}, seconds(0)), Reassembly::complete);
  std::vector<std::byte> all = first;
  all.insert(all.end(), second.begin(), second.end());
  all.insert(all.end(), third.begin(), third.end());
  EXPECT_EQ(reassembler.whole().header, header);
  EXPECT_EQ(reassembler.whole().data, all);

  EXPECT_EQ(reassembler.add(datagram(1), {0, 8, true, header, first}, seconds(0)), Reassembly::held);
  EXPECT_EQ(reassembler.add(datagram(1), {8, 24, true, header, bytes(4, 3)}, seconds(0)), Reassembly::held);
  EXPECT_EQ(reassembler.add(datagram(1), {24, 32, false, header, third}, seconds(0)), Reassembly::complete);
  EXPECT_EQ(reassembler.whole().data.size(), 12U) << "four bytes of the second fragment were captured";
}

TEST(Reassembler, KeepsNoMoreThanHeadersNeed) {
  Reassembler reassembler;
  const auto data = bytes(Reassembler::max_kept, 1);
  EXPECT_EQ(reassembler.add(datagram(1), {0, 8, true, bytes(20, 1), data}, seconds(0)), Reassembly::held);
  EXPECT_EQ(reassembler.add(datagram(1), {8, 8192, true, bytes(20, 1), data}, seconds(0)), Reassembly::held);
  EXPECT_EQ(reassembler.add(datagram(1), {8192, 9000, false, bytes(20, 1), data}, seconds(0)),
            Reassembly::complete);
  EXPECT_EQ(reassembler.whole().data.size(), Reassembler::max_kept);
}

TEST(Reassembler, ForgetsTheOldestWhenItHoldsTooMany) {
  Reassembler reassembler;
  for (std::uint32_t i = 0; i <= Reassembler::max_datagrams; ++i)
    EXPECT_EQ(reassembler.add(datagram(i), piece(0, 8), std::chrono::milliseconds(i)), Reassembly::held);
  const Duration later = std::chrono::milliseconds(Reassembler::max_datagrams);
  EXPECT_EQ(reassembler.add(datagram(1), last_piece(8, 16), later), Reassembly::complete);
  EXPECT_EQ(reassembler.add(datagram(0), last_piece(8, 16), later), Reassembly::held)
      << "its first part was forgotten";
}

}  // namespace
}  // namespace vpcwall

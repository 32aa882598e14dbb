#include "replay/reassembler.h"

#include <gtest/gtest.h>

#include "support/policies.h"

namespace vpcwall {
namespace {

using std::chrono::seconds;

DatagramKey datagram(std::uint32_t number) { return {test::ip("10.0.0.1"), test::ip("10.0.0.2"), number}; }

TEST(Reassembler, HoldsADatagramUntilItIsWhole) {  // C-64
  Reassembler reassembler;
  EXPECT_EQ(reassembler.add(datagram(1), 1480, 2000, 2000, seconds(0)), Reassembly::held);
  EXPECT_EQ(reassembler.add(datagram(2), 0, 1480, 2000, seconds(0)), Reassembly::held) << "another datagram";
  EXPECT_EQ(reassembler.add(datagram(1), 0, 1480, 2000, seconds(29)), Reassembly::complete);
}

TEST(Reassembler, RefusesFragmentsThatOverlap) {
  Reassembler reassembler;
  EXPECT_EQ(reassembler.add(datagram(1), 0, 1480, 2000, seconds(0)), Reassembly::held);
  EXPECT_EQ(reassembler.add(datagram(1), 1472, 2000, 2000, seconds(0)), Reassembly::refused);
}

TEST(Reassembler, ForgetsTheOldestWhenItHoldsTooMany) {
  Reassembler reassembler;
  for (std::uint32_t i = 0; i <= Reassembler::max_datagrams; ++i)
    EXPECT_EQ(reassembler.add(datagram(i), 0, 8, 16, std::chrono::milliseconds(i)), Reassembly::held);
  const Duration later = std::chrono::milliseconds(Reassembler::max_datagrams);
  EXPECT_EQ(reassembler.add(datagram(1), 8, 16, 16, later), Reassembly::complete);
  EXPECT_EQ(reassembler.add(datagram(0), 8, 16, 16, later), Reassembly::held)
      << "its first part was forgotten";
}

}  // namespace
}  // namespace vpcwall

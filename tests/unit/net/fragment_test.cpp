#include "net/fragment.h"

#include <gtest/gtest.h>

#include "net/packet.h"
#include "support/packet_bytes.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using namespace test;

std::optional<FragmentHeader> read(const Bytes& bytes) {
  return read_fragment(bytes, static_cast<std::uint32_t>(bytes.size()));
}

TEST(ReadFragment, OfIpv4) {
  Bytes data;
  data.zeros(24);
  const auto first = read(ipv4({.protocol = 17, .fragment_field = 0x2000, .option_words = 1}, data));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->source, ip("203.0.113.12"));
  EXPECT_EQ(first->destination, ip("10.0.0.5"));
  EXPECT_EQ(first->protocol, Protocol::udp);
  EXPECT_TRUE(first->more);
  EXPECT_EQ(first->header_size, 24U);
  EXPECT_EQ(first->data_offset, 24U);
  EXPECT_EQ(first->first, 0U);
  EXPECT_EQ(first->last, 24U);

  const auto last = read(ipv4({.protocol = 17, .fragment_field = 3}, data));
  ASSERT_TRUE(last);
  EXPECT_FALSE(last->more);
  EXPECT_EQ(last->first, 24U);
  EXPECT_EQ(last->last, 48U);
}

TEST(ReadFragment, OfIpv6BehindOtherHeaders) {
  Bytes data;
  data.zeros(16);
  const auto plain = read(ipv6({.next = 44}, fragment_header(17, 2, true) + data));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->protocol, Protocol::udp);
  EXPECT_EQ(plain->next_header_at, 6U);
  EXPECT_EQ(plain->header_size, 40U);
  EXPECT_EQ(plain->data_offset, 48U);
  EXPECT_EQ(plain->first, 16U);
  EXPECT_EQ(plain->last, 32U);
  EXPECT_TRUE(plain->more);

  const auto behind = read(
      ipv6({.next = 0}, options_header(60, 1) + options_header(44) + fragment_header(6, 0, true) + data));
  ASSERT_TRUE(behind);
  EXPECT_EQ(behind->header_size, 64U);
  EXPECT_EQ(behind->data_offset, 72U);
  EXPECT_EQ(behind->next_header_at, 56U);
  EXPECT_EQ(behind->last, 16U);
}

TEST(ReadFragment, BehindAHeaderThatSaysItIsNone) {
  Bytes data;
  data.zeros(8);
  const auto found =
      read(ipv6({.next = 44}, fragment_header(44, 0, false) + fragment_header(17, 1, false) + data));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->header_size, 48U);
  EXPECT_EQ(found->next_header_at, 40U);
  EXPECT_EQ(found->first, 8U);
}

TEST(ReadFragment, BehindAnAuthenticationHeader) {
  Bytes data;
  data.zeros(8);
  const Bytes authentication = authentication_header(44);
  const auto found = read(ipv6({.next = 51}, authentication + fragment_header(17, 1, false) + data));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->header_size, 40 + authentication.size());
}

TEST(ReadFragment, OfWhatIsNone) {
  EXPECT_FALSE(read(ipv4({.protocol = 17}, udp({}))));
  EXPECT_FALSE(read(ipv6({.next = 44}, fragment_header(17, 0, false) + udp({}))));  // RFC 6946
  EXPECT_FALSE(read(Bytes{}));
  EXPECT_FALSE(read(ipv4({.protocol = 17, .fragment_field = 0x2000, .total_length = 9}, udp({}))))
      << "damaged";
}

TEST(ReadFragment, OfACopyOfTheHeaders) {
  Bytes data;
  data.zeros(1000);
  const Bytes whole = ipv4({.protocol = 17, .fragment_field = 0x2001}, data);
  const auto found = read_fragment(whole.cut(28), static_cast<std::uint32_t>(whole.size()));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->last, 1008U);
}

}  // namespace
}  // namespace vpcwall

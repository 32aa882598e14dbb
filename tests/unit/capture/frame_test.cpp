#include "capture/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <vector>

namespace vpcwall {
namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes(std::initializer_list<unsigned> values) {
  Bytes result;
  for (const unsigned value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

// Addresses, then whatever the test is about.
Bytes ethernet(const Bytes& behind) {
  Bytes frame(12 + behind.size());
  std::copy(behind.begin(), behind.end(), frame.begin() + 12);
  return frame;
}
Bytes ethernet(std::initializer_list<unsigned> behind) { return ethernet(bytes(behind)); }

void expect_ip(LinkType type, const Bytes& frame, std::size_t offset, std::optional<Family> family) {
  const auto part = find_ip(type, frame);
  ASSERT_TRUE(part) << to_string(type);
  EXPECT_EQ(part->offset, offset) << to_string(type);
  EXPECT_EQ(part->family, family) << to_string(type);
}

void expect_not_ip(LinkType type, const Bytes& frame, std::uint32_t protocol) {
  const auto part = find_ip(type, frame);
  ASSERT_FALSE(part);
  EXPECT_FALSE(part.error().cut);
  EXPECT_EQ(part.error().protocol, protocol);
}

TEST(FindIp, BehindEthernet) {
  expect_ip(LinkType::ethernet, ethernet({0x08, 0x00}), 14, Family::ipv4);
  expect_ip(LinkType::ethernet, ethernet({0x86, 0xdd, 0x60}), 14, Family::ipv6);
  expect_not_ip(LinkType::ethernet, ethernet({0x08, 0x06}), 0x0806);
  expect_not_ip(LinkType::ethernet, ethernet({0x00, 0x26, 0x42, 0x42}), 0x26);  // a length: 802.3
}

TEST(FindIp, BehindVlanTags) {
  for (const unsigned high : {0x81U, 0x91U, 0x92U})
    expect_ip(LinkType::ethernet, ethernet({high, 0x00, 0x20, 0x07, 0x86, 0xdd}), 18, Family::ipv6);
  expect_ip(LinkType::ethernet, ethernet({0x88, 0xa8, 0x00, 0x01, 0x81, 0x00, 0x00, 0x02, 0x08, 0x00}), 22,
            Family::ipv4);
  expect_not_ip(LinkType::ethernet, ethernet({0x81, 0x00, 0x00, 0x02, 0x08, 0x06}), 0x0806);
}

TEST(FindIp, FollowsOnlySoManyTags) {
  const auto tagged = [](unsigned tags) {
    Bytes behind;
    for (unsigned i = 0; i < tags; ++i)
      for (const unsigned value : {0x81U, 0x00U, 0x00U, 0x01U})
        behind.push_back(static_cast<std::byte>(value));
    for (const unsigned value : {0x08U, 0x00U}) behind.push_back(static_cast<std::byte>(value));
    return ethernet(behind);
  };
  expect_ip(LinkType::ethernet, tagged(max_tags), 14 + 4 * std::size_t{max_tags}, Family::ipv4);
  expect_not_ip(LinkType::ethernet, tagged(max_tags + 1), 0x8100);
}

TEST(FindIp, BehindLinuxCooked) {
  Bytes cooked(16);
  cooked[14] = std::byte{0x08};
  expect_ip(LinkType::linux_cooked, cooked, 16, Family::ipv4);

  Bytes second(20);
  second[0] = std::byte{0x86};
  second[1] = std::byte{0xdd};
  expect_ip(LinkType::linux_cooked_v2, second, 20, Family::ipv6);
  second[0] = second[1] = std::byte{0};
  expect_not_ip(LinkType::linux_cooked_v2, second, 0);
}

TEST(FindIp, BehindLoopbackInTheOrderOfEitherMachine) {
  expect_ip(LinkType::null, bytes({2, 0, 0, 0}), 4, Family::ipv4);
  expect_ip(LinkType::null, bytes({0, 0, 0, 2}), 4, Family::ipv4);
  for (const unsigned family : {10U, 24U, 28U, 30U}) {
    expect_ip(LinkType::null, bytes({family, 0, 0, 0}), 4, Family::ipv6);
    expect_ip(LinkType::loop, bytes({0, 0, 0, family}), 4, Family::ipv6);
  }
  expect_not_ip(LinkType::loop, bytes({2, 0, 0, 0}), 0x02000000);  // network order only
  expect_not_ip(LinkType::null, bytes({7, 0, 0, 0}), 7);
  expect_not_ip(LinkType::null, bytes({0, 0, 0, 7}), 7);
}

TEST(FindIp, WhereThereIsNoLinkHeader) {
  expect_ip(LinkType::raw, {}, 0, std::nullopt);
  expect_ip(LinkType::ipv4, bytes({0x45}), 0, Family::ipv4);
  expect_ip(LinkType::ipv6, bytes({0x60}), 0, Family::ipv6);
}

TEST(FindIp, SaysWhenTheHeaderWasNotCapturedWhole) {
  const auto cut = [](LinkType type, const Bytes& frame) {
    const auto part = find_ip(type, frame);
    return !part && part.error().cut;
  };
  EXPECT_TRUE(cut(LinkType::ethernet, Bytes(13)));
  EXPECT_TRUE(cut(LinkType::ethernet, ethernet({0x81, 0x00, 0x00, 0x01, 0x08})));
  EXPECT_TRUE(cut(LinkType::linux_cooked, Bytes(15)));
  EXPECT_TRUE(cut(LinkType::linux_cooked_v2, Bytes(19)));
  EXPECT_TRUE(cut(LinkType::null, Bytes(3)));
  EXPECT_TRUE(cut(LinkType::loop, {}));
}

}  // namespace
}  // namespace vpcwall

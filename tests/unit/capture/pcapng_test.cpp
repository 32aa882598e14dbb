#include "capture/pcapng.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace vpcwall {
namespace {

using Bytes = std::vector<std::byte>;

std::uint32_t u32(const Bytes& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(bytes.at(at + i)) << (8 * i);
  return value;
}

std::string text_at(const Bytes& bytes, std::size_t at, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += std::to_integer<char>(bytes.at(at + i));
  return text;
}

// The length stands at both ends of a block, and blocks end where a word ends.
void expect_block(const Bytes& block, std::uint32_t type) {
  ASSERT_GE(block.size(), 12U);
  EXPECT_EQ(block.size() % 4, 0U);
  EXPECT_EQ(u32(block, 0), type);
  EXPECT_EQ(u32(block, 4), block.size());
  EXPECT_EQ(u32(block, block.size() - 4), block.size());
}

TEST(Pcapng, ASectionTellsByteOrderAndProgram) {
  Bytes block;
  append_section(block, {"vpcwall", "all"});
  expect_block(block, 0x0a0d0d0a);
  EXPECT_EQ(u32(block, 8), 0x1a2b3c4dU);
  EXPECT_EQ(u32(block, 12), 1U);  // version 1.0
  EXPECT_EQ(u32(block, 24), 3U << 16U | 1U);
  EXPECT_EQ(text_at(block, 28, 3), "all");
  EXPECT_EQ(u32(block, 32), 7U << 16U | 4U);
  EXPECT_EQ(text_at(block, 36, 7), "vpcwall");
  EXPECT_EQ(u32(block, 44), 0U);  // the end of the options
}

TEST(Pcapng, AnInterfaceTellsItsLinkTypeAndNanoseconds) {
  Bytes block;
  append_interface(block, {LinkType::linux_cooked_v2, "eth0"});
  expect_block(block, 1);
  EXPECT_EQ(u32(block, 8), 276U);
  EXPECT_EQ(u32(block, 16), 4U << 16U | 2U);
  EXPECT_EQ(text_at(block, 20, 4), "eth0");
  EXPECT_EQ(u32(block, 24), 1U << 16U | 9U);
  EXPECT_EQ(block.at(28), std::byte{9});
}

TEST(Pcapng, APacketKeepsItsBytesAndCarriesItsComments) {
  const Bytes data{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}};
  const std::vector<std::string> comments{"one", "three"};
  Bytes block;
  append_packet(block, {7, std::chrono::nanoseconds{(3LL << 32) + 9}, 1500, data}, comments);
  expect_block(block, 6);
  EXPECT_EQ(u32(block, 12), 3U);
  EXPECT_EQ(u32(block, 16), 9U);
  EXPECT_EQ(u32(block, 20), 5U);     // captured
  EXPECT_EQ(u32(block, 24), 1500U);  // on the wire
  EXPECT_TRUE(std::equal(data.begin(), data.end(), block.begin() + 28));
  EXPECT_EQ(u32(block, 36), 3U << 16U | 1U);
  EXPECT_EQ(text_at(block, 40, 3), "one");
  EXPECT_EQ(u32(block, 44), 5U << 16U | 1U);
  EXPECT_EQ(text_at(block, 48, 5), "three");
  EXPECT_EQ(u32(block, 56), 0U);
}

TEST(Pcapng, CutsTextsBetweenCharacters) {
  const std::vector<std::string> comments{std::string(max_text - 1, 'x') + "é"};
  Bytes block;
  append_packet(block, {1, {}, 0, {}}, comments);
  expect_block(block, 6);
  EXPECT_EQ(u32(block, 28), (max_text - 1) << 16U | 1U);
}

TEST(Pcapng, BlocksStandOneBehindTheOther) {
  Bytes file;
  append_section(file, {"vpcwall", ""});
  append_interface(file, {LinkType::raw, ""});
  for (int i = 0; i < 2; ++i) append_packet(file, {1, {}, 0, {}}, {});
  std::vector<std::uint32_t> types;
  for (std::size_t at = 0; at < file.size(); at += u32(file, at + 4)) types.push_back(u32(file, at));
  EXPECT_EQ(types, (std::vector<std::uint32_t>{0x0a0d0d0a, 1, 6, 6}));
}

}  // namespace
}  // namespace vpcwall

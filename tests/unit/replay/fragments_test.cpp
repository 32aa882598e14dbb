#include "replay/fragments.h"

#include <gtest/gtest.h>

#include <cstring>

#include "replay/internet_checksum.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using test::packet_of;

unsigned u8(const PacketBytes& bytes, std::size_t at) { return std::to_integer<unsigned>(bytes.at(at)); }
unsigned u16(const PacketBytes& bytes, std::size_t at) { return u8(bytes, at) << 8U | u8(bytes, at + 1); }

// A datagram whose payload has no two equal stretches.
PacketBytes datagram(const char* text, std::uint32_t length) {
  Packet packet = packet_of(text);
  packet.length = length;
  PacketBytes bytes = *to_bytes(packet);
  for (std::size_t i = 60; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 256);
  return bytes;
}

struct Cut {
  unsigned offset = 0;
  bool more = false;
  unsigned identification = 0;
  PacketBytes data;
};

// Reads a piece as the receiver does.
Cut read(const PacketBytes& bytes) {
  Cut cut;
  const bool ipv4 = u8(bytes, 0) >> 4U == 4;
  if (ipv4) {
    EXPECT_EQ(u16(bytes, 2), bytes.size());
    EXPECT_EQ(internet_checksum(std::span(bytes).first(20)), 0);
    EXPECT_EQ(u16(bytes, 6) & 0xc000U, 0U) << "it may be cut, so it must not forbid that";
    cut.offset = (u16(bytes, 6) & 0x1fffU) * 8;
    cut.more = (u16(bytes, 6) & 0x2000U) != 0;
    cut.identification = u16(bytes, 4);
  } else {
    EXPECT_EQ(u16(bytes, 4), bytes.size() - 40);
    EXPECT_EQ(u8(bytes, 6), 44U);
    EXPECT_EQ(u8(bytes, 40), 17U);
    cut.offset = u16(bytes, 42) & 0xfff8U;
    cut.more = (u16(bytes, 42) & 1U) != 0;
    cut.identification = u16(bytes, 44) << 16U | u16(bytes, 46);
  }
  cut.data.assign(bytes.begin() + (ipv4 ? 20 : 48), bytes.end());
  return cut;
}

constexpr const char* both_families[] = {"udp 203.0.113.12:40000 > 10.0.0.5:53",
                                         "udp 2001:db8::12:40000 > 2001:db8::5:53"};

TEST(Fragments, TogetherAreTheDatagram) {
  for (const char* text : both_families) {
    const PacketBytes whole = datagram(text, 1003);
    const std::size_t header = u8(whole, 0) >> 4U == 4 ? 20 : 40;
    const auto size = static_cast<std::uint32_t>(whole.size() - header);
    const Piece pieces[] = {{608, size - 608}, {0, 8}, {8, 600}, {8, 600}, {304, 304}};
    const auto cut = fragments(whole, pieces, 4711);
    ASSERT_TRUE(cut.has_value()) << cut.error();
    ASSERT_EQ(cut->size(), 5U);
    PacketBytes together(size);
    for (std::size_t i = 0; i < cut->size(); ++i) {
      const PacketBytes& bytes = cut->at(i);
      EXPECT_EQ(parse_packet(bytes, static_cast<std::uint32_t>(bytes.size())).error(), ParseError::fragment);
      const Cut piece = read(bytes);
      EXPECT_EQ(piece.offset, pieces[i].offset);
      EXPECT_EQ(piece.data.size(), pieces[i].size);
      EXPECT_EQ(piece.more, i != 0) << "only the end of the datagram is the end";
      EXPECT_EQ(piece.identification, 4711U);
      std::copy(piece.data.begin(), piece.data.end(), together.begin() + piece.offset);
      // What does not speak of pieces is as in the whole packet: hop limit, addresses.
      const std::size_t same = header == 20 ? 12 : 7;
      EXPECT_TRUE(std::equal(whole.begin() + static_cast<std::ptrdiff_t>(same),
                             whole.begin() + static_cast<std::ptrdiff_t>(header),
                             bytes.begin() + static_cast<std::ptrdiff_t>(same)));
    }
    EXPECT_TRUE(
        std::equal(together.begin(), together.end(), whole.begin() + static_cast<std::ptrdiff_t>(header)));
  }
}

TEST(Fragments, OfOnePieceAreStillTheDatagram) {
  const PacketBytes whole = datagram(both_families[0], 101);
  const Piece all[] = {{0, 81}};
  const auto cut = fragments(whole, all, 70000);
  ASSERT_TRUE(cut.has_value());
  const Cut piece = read(cut->at(0));
  EXPECT_FALSE(piece.more);
  EXPECT_EQ(piece.identification, 70000U - 65536U);
  EXPECT_EQ(parse_packet(cut->at(0), 101)->destination_port, 53);
}

TEST(Fragments, SayWhichPieceCannotBe) {
  const std::pair<Piece, const char*> rows[] = {
      {{0, 0}, "empty"},
      {{4, 8}, "offsets are multiples of 8"},
      {{0, 12}, "sizes are multiples of 8"},
      {{80, 8}, "only 81 bytes"},
      {{0xfffffff8, 16}, "only 81 bytes"},
  };
  const PacketBytes whole = datagram(both_families[0], 101);
  for (const auto& [piece, part] : rows) {
    const Piece pieces[] = {{0, 16}, piece};
    const auto cut = fragments(whole, pieces, 1);
    ASSERT_FALSE(cut.has_value()) << part;
    EXPECT_NE(cut.error().find(part), std::string::npos) << cut.error();
  }
}

}  // namespace
}  // namespace vpcwall

#include "replay/fragments.h"

#include "net/protocol.h"
#include "replay/byte_writer.h"
#include "replay/internet_checksum.h"

namespace vpcwall {
namespace {

constexpr std::size_t ipv6_header_size = 40;
constexpr std::size_t fragment_header_size = 8;

unsigned u8(std::span<const std::byte> bytes, std::size_t at) { return std::to_integer<unsigned>(bytes[at]); }

// Empty when a header can describe `piece` of `whole` bytes.
std::string complaint(const Piece& piece, std::size_t whole) {
  const std::string name =
      "piece of " + std::to_string(piece.size) + " bytes at " + std::to_string(piece.offset) + ": ";
  const std::size_t end = std::size_t{piece.offset} + piece.size;
  if (piece.size == 0) return name + "it is empty";
  if (end > whole)
    return name + "the datagram has only " + std::to_string(whole) + " bytes behind its header";
  if (piece.offset % 8 != 0) return name + "offsets are multiples of 8";
  if (piece.size % 8 != 0 && end != whole) return name + "sizes are multiples of 8, but for the last piece's";
  return {};
}

PacketBytes ipv4_fragment(std::span<const std::byte> header, std::span<const std::byte> data,
                          std::uint32_t offset, bool more, std::uint32_t identification) {
  ByteWriter writer;
  writer.append(header);
  writer.set_u16(2, static_cast<unsigned>(header.size() + data.size()));
  writer.set_u16(4, identification & 0xffffU);
  writer.set_u16(6, (more ? 0x2000U : 0U) | offset / 8);
  writer.set_u16(10, 0).set_u16(10, internet_checksum(writer.bytes()));
  writer.append(data);
  return std::move(writer).take();
}

PacketBytes ipv6_fragment(std::span<const std::byte> header, std::span<const std::byte> data,
                          std::uint32_t offset, bool more, std::uint32_t identification) {
  ByteWriter writer;
  writer.append(header.first(4)).u16(static_cast<unsigned>(fragment_header_size + data.size()));
  writer.u8(static_cast<unsigned>(Protocol::fragment)).append(header.subspan(7));
  writer.u8(u8(header, 6)).u8(0).u16(offset | (more ? 1U : 0U)).u32(identification);
  writer.append(data);
  return std::move(writer).take();
}

}  // namespace

Expected<std::vector<PacketBytes>, std::string> fragments(std::span<const std::byte> datagram,
                                                          std::span<const Piece> pieces,
                                                          std::uint32_t identification) {
  const bool ipv4 = u8(datagram, 0) >> 4U == 4;
  const auto header = datagram.first(ipv4 ? std::size_t{u8(datagram, 0) & 0x0fU} * 4 : ipv6_header_size);
  const auto whole = datagram.subspan(header.size());
  std::vector<PacketBytes> all;
  for (const Piece& piece : pieces) {
    if (std::string problem = complaint(piece, whole.size()); !problem.empty())
      return Unexpected{std::move(problem)};
    const auto data = whole.subspan(piece.offset, piece.size);
    const bool more = piece.offset + piece.size < whole.size();
    all.push_back(ipv4 ? ipv4_fragment(header, data, piece.offset, more, identification)
                       : ipv6_fragment(header, data, piece.offset, more, identification));
  }
  return all;
}

}  // namespace vpcwall

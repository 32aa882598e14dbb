#include "fast_path/tuple.h"

#include <bit>

#include "fast_path/program.h"

namespace vpcwall {
namespace {

constexpr bool swap = std::endian::native == std::endian::little;

constexpr std::uint64_t in_packet_order(std::uint64_t word) noexcept {
  return swap ? __builtin_bswap64(word) : word;
}
constexpr std::uint16_t in_packet_order(std::uint16_t port) noexcept {
  return swap ? __builtin_bswap16(port) : port;
}

}  // namespace

AddressWords words_of(const IpAddress& address) noexcept {
  if (address.family == Family::ipv4) {
    const auto host = static_cast<std::uint32_t>(address.high >> 32U);
    return {{swap ? __builtin_bswap32(host) : host, 0}};
  }
  return {{in_packet_order(address.high), in_packet_order(address.low)}};
}

DirectedTuple directed_tuple(const IpAddress& from, std::uint16_t from_port, const IpAddress& to,
                             std::uint16_t to_port, Protocol protocol) noexcept {
  DirectedTuple directed;
  fast_path::flow_tuple& tuple = directed.tuple;
  const AddressWords source = words_of(from), destination = words_of(to);
  tuple.first_address[0] = source.word[0];
  tuple.first_address[1] = source.word[1];
  tuple.second_address[0] = destination.word[0];
  tuple.second_address[1] = destination.word[1];
  tuple.first_port = in_packet_order(from_port);
  tuple.second_port = in_packet_order(to_port);
  tuple.protocol = static_cast<std::uint8_t>(protocol);
  tuple.family = from.family == Family::ipv4 ? 4 : 6;
  directed.direction = fast_path::order_ends(&tuple);
  return directed;
}

}  // namespace vpcwall

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

FlowKey key_of(const fast_path::flow_tuple& tuple, bool first_is_local, InterfaceNumber interface) noexcept {
  const auto address = [&tuple](const std::uint64_t(&word)[2]) -> IpAddress {
    if (tuple.family == 6) return {in_packet_order(word[0]), in_packet_order(word[1]), Family::ipv6};
    const auto host = static_cast<std::uint32_t>(word[0]);
    return {std::uint64_t{swap ? __builtin_bswap32(host) : host} << 32U, 0, Family::ipv4};
  };
  const IpAddress first = address(tuple.first_address), second = address(tuple.second_address);
  const IpAddress& local = first_is_local ? first : second;
  const IpAddress& remote = first_is_local ? second : first;
  FlowKey key;
  key.local_high = local.high;
  key.local_low = local.low;
  key.remote_high = remote.high;
  key.remote_low = remote.low;
  key.interface = interface;
  key.local_port = in_packet_order(first_is_local ? tuple.first_port : tuple.second_port);
  key.remote_port = in_packet_order(first_is_local ? tuple.second_port : tuple.first_port);
  key.protocol = static_cast<Protocol>(tuple.protocol);
  key.family = local.family;
  return key;
}

}  // namespace vpcwall

// Flows and packets as the fast path writes them.
#pragma once

#include <cstdint>

#include "fast_path/layout.h"
#include "flow/flow_key.h"
#include "net/packet.h"

namespace vpcwall {

// A tuple as one end sees it: which of the two ends of the shared form it is.
struct DirectedTuple {
  fast_path::flow_tuple tuple{};
  std::uint32_t direction = 0;  // 0: `from` is the first end
};

[[nodiscard]] DirectedTuple directed_tuple(const IpAddress& from, std::uint16_t from_port,
                                           const IpAddress& to, std::uint16_t to_port,
                                           Protocol protocol) noexcept;
[[nodiscard]] inline DirectedTuple directed_tuple(const Packet& packet) noexcept {
  return directed_tuple(packet.source, packet.source_port, packet.destination, packet.destination_port,
                        packet.protocol);
}
[[nodiscard]] inline DirectedTuple directed_tuple(const FlowKey& key) noexcept {
  return directed_tuple(key.local(), key.local_port, key.remote(), key.remote_port, key.protocol);
}

// The way back: the key as the end that is `local` sees it.
[[nodiscard]] FlowKey key_of(const fast_path::flow_tuple& tuple, bool first_is_local,
                             InterfaceNumber interface) noexcept;

// As the address stands in a packet, read as two words.
struct AddressWords {
  std::uint64_t word[2];
};
[[nodiscard]] AddressWords words_of(const IpAddress& address) noexcept;

}  // namespace vpcwall

// A datagram cut into pieces, as hosts and routers do it and as those do it who want to get past a firewall:
// in any order, some twice, some overlapping, some missing.
//
//   const Piece pieces[] = {{16, 24}, {0, 16}};            // the second one first
//   const auto sent = fragments(*to_bytes(packet), pieces, 4711);
//
// Offsets and sizes count the bytes behind the IP header. A piece that ends where the datagram ends says that
// it is the last; every other one says that more is to come. IPv6 gets a fragment header; no header of the
// datagram is repeated in later pieces, as its maker to_bytes() makes none that would have to be.
//
// The error is a sentence about a piece that a header cannot describe: offsets, and sizes but for the last
// piece's, are multiples of 8, and no piece reaches beyond the datagram. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/expected.h"
#include "replay/packet_bytes.h"

namespace vpcwall {

struct Piece {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
};

// `datagram` is a whole, valid packet. `identification` tells its pieces from those of others; IPv4 has 16
// bits for it.
[[nodiscard]] Expected<std::vector<PacketBytes>, std::string> fragments(std::span<const std::byte> datagram,
                                                                        std::span<const Piece> pieces,
                                                                        std::uint32_t identification);

}  // namespace vpcwall

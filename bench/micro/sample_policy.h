// Policies of a wanted size, and packets for them.
//
// One interface `web` (10.0.1.10, 2001:db8:1:101::10) in a subnet with an ACL. Whatever the size, packets are
// made to match late: behind all rules for other peers and ports.
#pragma once

#include <cstddef>
#include <vector>

#include "net/packet.h"
#include "policy/policy.h"

namespace vpcwall::bench {

struct Size {
  std::size_t entries = 40;      // of the ACL, each direction
  std::size_t groups = 5;        // of the interface
  std::size_t rules = 60;        // of each group, each direction
  std::size_t list_entries = 0;  // of a prefix list that one more rule names
};

[[nodiscard]] Policy sample_policy(const Size& size);

// Where the allow rule that the packets meet stands: the last of the last group, and the last entry.
inline constexpr std::uint16_t open_port = 443;

// New connections from different peers to the open port, or to one that no rule allows.
[[nodiscard]] std::vector<Packet> new_connections(std::size_t count, std::uint16_t port = open_port);

// Connections from peers that the prefix list of `size` holds, to a port that only its rule allows.
inline constexpr std::uint16_t list_port = 8443;
[[nodiscard]] std::vector<Packet> connections_from_list(const Size& size, std::size_t count);

}  // namespace vpcwall::bench

// Which queue a packet belongs to, as classic BPF: the choice that keeps both directions of a flow together.
//
// The kernel's own ways fall short: --queue-balance knows addresses only, CPU fan-out splits the directions,
// HMARK overwrites the packet mark. So one rule per queue carries a program that answers "is this packet of
// queue `index`?". The hash is over source XOR destination, for the addresses and, in TCP and UDP, the ports,
// which makes it the same in both directions. It is multiplied by a seed drawn at start, so that nobody
// outside can aim all traffic at one worker.
//
// Other protocols, and IPv6 packets with extension headers, are spread by their addresses alone.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "net/address.h"

namespace vpcwall {

// Matches the packets of one family (starting at the IP header) whose hash modulo `queue_count` is `index`.
// A packet too short to be hashed matches no program. Precondition: index < queue_count.
[[nodiscard]] std::vector<sock_filter> queue_hash_program(Family family, std::uint32_t seed,
                                                          std::uint16_t queue_count, std::uint16_t index);

// The form that `-m bpf --bytecode` takes: "N,code jt jf k,code jt jf k,…".
[[nodiscard]] std::string to_bytecode(std::span<const sock_filter> program);

}  // namespace vpcwall

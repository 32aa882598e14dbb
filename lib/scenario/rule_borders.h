// The packets at the borders of what a policy's rules say, as far as one rule and its mutation speak of them:
// where some rule begins or ends, a policy may judge differently on either side.
//
// Every list is bounded, and has first what only one of the two versions matches. Any thread.
#pragma once

#include <cstddef>
#include <vector>

#include "policy/policy.h"
#include "scenario/policy_mutation.h"

namespace vpcwall {

inline constexpr std::size_t max_border_ports = 128;
inline constexpr std::size_t max_border_peers = 48;  // per family

// What kind of packet; `port` is the destination's.
struct PacketKind {
  Protocol protocol = Protocol::tcp;
  std::uint16_t port = 0;
  std::uint8_t icmp_type = 0, icmp_code = 0;
  friend bool operator==(const PacketKind&, const PacketKind&) = default;
};

struct RuleBorders {
  std::vector<PacketKind> kinds;
  std::vector<IpAddress> peers;
  std::vector<std::uint16_t> ports;  // of all rules
};

[[nodiscard]] RuleBorders borders_of(const Policy& policy, const Mutation& mutation);

}  // namespace vpcwall

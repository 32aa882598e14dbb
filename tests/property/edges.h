// The addresses, prefixes, ports and protocols at whose edges a firewall errs. Every number gives a value;
// neighbours of prefixes are here too. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "net/address.h"
#include "net/protocol.h"
#include "property/descriptor.h"

namespace vpcwall::property {

// Ports around every limit that AWS or Linux knows.
inline constexpr std::array<std::uint16_t, 18> edge_ports{
    443, 80, 22, 53, 0, 1, 1023, 1024, 1025, 32767, 32768, 60999, 61000, 65534, 65535, 8080, 5000, 3306};
// Few, so that packets often belong to the same flow.
inline constexpr std::array<std::uint16_t, 8> client_ports{40000, 1024, 1023, 32768, 60999, 65535, 0, 40001};

inline constexpr std::array other_protocols{
    Protocol::gre,  Protocol::esp,    Protocol::sctp,          Protocol{2},
    Protocol::icmp, Protocol::icmpv6, Protocol::no_next_header};

// Prefixes that a rule, an entry or a list may name: wide, narrow, nested, the VPC's own.
[[nodiscard]] std::span<const Prefix> edge_prefixes(Family family) noexcept;

// Addresses that are nobody's interface: the internet, AWS's services and what stands beside them, multicast,
// loopback, the reserved addresses of subnets.
[[nodiscard]] std::span<const IpAddress> edge_addresses(Family family) noexcept;

// 0: the first address of `prefix`, then the last, the one after the first, and the neighbours outside.
[[nodiscard]] IpAddress edge_of(const Prefix& prefix, unsigned which) noexcept;

// 0: `port` itself, then the one above, the one below; wraps.
[[nodiscard]] std::uint16_t beside(std::uint16_t port, unsigned which) noexcept;

}  // namespace vpcwall::property

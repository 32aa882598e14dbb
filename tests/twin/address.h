// What an address is and where it lies, found by writing it out bit by bit.
#pragma once

#include <string>

#include "net/address.h"
#include "policy/policy.h"

namespace vpcwall::twin {

// "00001010…": 32 or 128 characters, the most significant bit first.
[[nodiscard]] std::string bits_of(const IpAddress& address);

// A prefix never holds an address of the other family (S-39, N-8).
[[nodiscard]] bool lies_in(const IpAddress& address, const Prefix& prefix);

[[nodiscard]] bool is_loopback(const IpAddress& address);         // 127.0.0.0/8, ::1 (O-5)
[[nodiscard]] bool is_link_local_ipv6(const IpAddress& address);  // fe80::/10
[[nodiscard]] bool is_multicast(const IpAddress& address);        // 224.0.0.0/4, ff00::/8

// One of the interface's addresses, or an address of one of its delegated prefixes (D-4, S-42).
[[nodiscard]] bool belongs_to(const IpAddress& address, const Interface& interface);

// Inside one of the subnet's ranges (O-4).
[[nodiscard]] bool lies_in(const IpAddress& address, const Subnet& subnet);

}  // namespace vpcwall::twin

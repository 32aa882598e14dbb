// Random policies whose prefixes, ports and types lie in a small space, so that every packet can be asked
// about. Each one satisfies validate(). Repeatable: the same generator state gives the same policy.
#pragma once

#include <random>

#include "policy/policy.h"

namespace vpcwall::brute_force {

// Where the ports of a policy lie: eight from `base` on, and the next.
struct PortSpace {
  std::uint16_t base = 0;
  static constexpr std::uint16_t size = 8;
};
// Among them are the ports of DHCP of either family.
[[nodiscard]] PortSpace random_ports(std::mt19937_64& random);

[[nodiscard]] Policy random_policy(std::mt19937_64& random, PortSpace ports);

// `policy` with one to four changes: rules, entries, lists, groups, associations, addresses, whole
// interfaces.
[[nodiscard]] Policy changed(const Policy& policy, std::mt19937_64& random, PortSpace ports);

}  // namespace vpcwall::brute_force

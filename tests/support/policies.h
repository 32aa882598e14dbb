// Policies for tests, written as an operator would write them.
#pragma once

#include <string_view>

#include "net/packet.h"
#include "policy/policy.h"

namespace vpcwall::test {

// Throws std::invalid_argument with every diagnostic if `yaml` is not a valid policy.
[[nodiscard]] Policy policy_of(std::string_view yaml);

// One VPC with two subnets and three interfaces: web (10.0.1.10, public), app (10.0.1.11, public) and
// db (10.0.2.10, private), IPv6 alike, everything allowed by the ACLs. `groups` is the YAML list of groups;
// each interface carries the group of its own name, or the default group.
[[nodiscard]] Policy small_vpc(std::string_view groups, std::string_view rest = {});

[[nodiscard]] IpAddress ip(std::string_view text);

// "tcp S 203.0.113.12:40000 > 10.0.1.10:443", "udp … > …", "icmp 8/0 1 A > B" (type/code, identifier), "47 A
// > B".
[[nodiscard]] Packet packet_of(std::string_view text);

}  // namespace vpcwall::test

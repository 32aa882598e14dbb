// The part of a rule or entry that says which packets it speaks of: protocol, ports, ICMP type and code.
//
// Security groups and network ACLs differ in what they require: for icmpv6 a group rule may omit the type
// (S-60), an ACL entry may only where its range is IPv4, and there type and code are ignored (N-18, N-19).
#pragma once

#include <optional>

#include "policy/policy.h"
#include "policy/yaml_reader.h"

namespace vpcwall {

enum class TrafficOwner : std::uint8_t { security_group_rule, network_acl_entry };

// Reads the keys protocol, ports, type and code of `rule`. `family` is that of the rule's CIDR; none when it
// has none or it did not parse. Nothing when any of it is wrong; all that is wrong has been reported then.
// Values that AWS accepts and ignores (S-59, N-16) come back as if they had not been written.
[[nodiscard]] std::optional<Traffic> read_traffic(const MappingReader& rule, TrafficOwner kind,
                                                  std::optional<Family> family);

}  // namespace vpcwall

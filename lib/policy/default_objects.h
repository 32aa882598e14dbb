// What a VPC has before anyone writes a rule. `ipv6`: whether the VPC has an IPv6 range (S-17, S-22, NX-1).
// Positions are empty: nobody wrote these.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace vpcwall {

// The name of the group and of the network ACL that always exist (S-15, N-26).
inline constexpr std::string_view default_object_name = "default";
inline constexpr std::string_view default_group_description = "default VPC security group";

[[nodiscard]] bool has_ipv6(const Vpc& vpc) noexcept;

// The default group's inbound rule: everything from the group itself (S-16).
[[nodiscard]] std::vector<SecurityGroupRule> default_ingress_rules(const std::string& group_id);
// Every new group's outbound rules: everything to anywhere (S-17, S-20, S-22).
[[nodiscard]] std::vector<SecurityGroupRule> default_egress_rules(const std::string& group_id, bool ipv6);
[[nodiscard]] SecurityGroup default_security_group(const std::string& id, bool ipv6);

// 100 allows all IPv4, 101 all IPv6; the same in both directions (NX-1).
[[nodiscard]] std::vector<NetworkAclEntry> default_acl_entries(bool ipv6);
[[nodiscard]] NetworkAcl default_network_acl(const std::string& id, bool ipv6);

}  // namespace vpcwall

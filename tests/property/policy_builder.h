// The policy that descriptors describe: whatever their numbers, it is one that AWS would take.
//
// A VPC with up to three subnets, three network ACLs (the default one first), five security groups (the
// default one first), three prefix lists and up to four interfaces. What does not fit any more (a rule a
// second time, an entry above the quota) is left out. Where two descriptors say different things about the
// same object, the later one counts, so that a changed policy is a changed list of descriptors.
#pragma once

#include "policy/policy.h"
#include "property/descriptor.h"

namespace vpcwall::property {

inline constexpr unsigned max_interfaces = 4;
inline constexpr unsigned subnet_limit = 3;
inline constexpr unsigned group_count = 5;
inline constexpr unsigned acl_count = 3;

// What a `setting` sets: its first number.
enum class Setting : std::uint8_t {
  group_base,  // what a group allows before its rules: 0 all out, 1 all both ways, 2 nothing, 3 all in
  acl_base,    // what an ACL allows before its entries: 0 all, 1 nothing, 2 all but only ephemeral ports out
  subnet_acl,
  source_dest_check,
  tracking,
  flow_limit,
  midstream,
  icmp_related,
  auto_tracked,
  families,
  subnet_count,
  subnet_families,
  secondary_range,
  router_mac,
  interface_type,
  identity_lost,
  unlisted_addresses,
  device,
};
inline constexpr unsigned setting_count = 18;

[[nodiscard]] Policy policy_of(const Descriptors& descriptors);

}  // namespace vpcwall::property

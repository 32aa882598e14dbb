// Everything that can be wrong with a Policy whose parts are each readable: names, duplicates, numbers,
// ranges inside ranges, quotas. Facts: S-24 to S-33, S-73 to S-75, S-82, N-6, N-9, N-27, N-28, C-30 to C-33,
// E-14.
//
// A mistake that the EC2 API would refuse as well carries the API's error code (S-35, S-84). What only a file
// can have wrong (a key that nobody knows, a device, an id given twice) carries none.
//
// load_policy() does this with the positions of the file; who makes or edits a Policy by other means calls
// validate() before compile().
#pragma once

#include <string>
#include <vector>

#include "policy/diagnostic.h"
#include "policy/policy.h"
#include "policy/reporter.h"
#include "policy/source_map.h"

namespace vpcwall {

// AWS's bounds, and some of our own where AWS has none.
inline constexpr std::uint32_t max_groups_per_region = 100'000;       // ours; AWS adjusts without a bound
inline constexpr std::uint32_t max_groups_per_interface = 16;         // S-24
inline constexpr std::uint32_t max_rules_on_interface = 1000;         // S-27
inline constexpr std::uint32_t max_acls_per_vpc = 10'000;             // ours, as for groups
inline constexpr std::uint32_t max_entries_per_acl = 40;              // N-27
inline constexpr std::uint32_t max_entries_per_prefix_list = 10'000;  // ours
inline constexpr std::uint32_t max_references_per_list = 1'000'000;   // ours
inline constexpr std::uint32_t max_flows_per_interface = 16'777'216;  // ours: memory
inline constexpr std::uint16_t max_rule_number = 32766;               // N-6
inline constexpr std::size_t max_interfaces = 65535;                  // ours: InterfaceIndex
inline constexpr std::size_t max_subnets = 65535;                     // ours, likewise
inline constexpr std::size_t max_name_length = 255;                   // S-75, S-82

[[nodiscard]] std::vector<Diagnostic> validate(const Policy& policy);

// What a rule counts of its direction's quota in that family (S-31, S-33); `list` is the prefix list that it
// names, or null. A list without entries has no family yet and counts in both.
[[nodiscard]] std::uint64_t quota_weight(const SecurityGroupRule& rule, Family family,
                                         const PrefixList* list);

// What one check looks at. When parts of a file were unreadable, the rest is still checked, but what follows
// from the missing part is no mistake of its own: not `complete`, an id that nothing has is let pass; not
// `vpc_complete`, so is a subnet outside of the VPC.
struct PolicyCheck {
  const Policy& policy;
  const SourceMap& positions;
  bool complete;
  bool vpc_complete;
  Reporter& reporter;
};

void validate(const PolicyCheck& check);
void check_identities(const PolicyCheck& check);  // ids, names, descriptions
void check_rules(const PolicyCheck& check);       // rules, entries, prefix lists
void check_network(const PolicyCheck& check);     // VPC, subnets, interfaces
void check_quotas(const PolicyCheck& check);

}  // namespace vpcwall

// Where in the file the fields of a Policy stand, for diagnostics about values that were readable but wrong.
// The Policy itself keeps the positions of objects and rules only. A Policy that was not read from a file has
// an empty SourceMap.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>

#include "policy/policy.h"

namespace vpcwall {

enum class Section : std::uint8_t {
  vpc,
  prefix_list,
  security_group,
  network_acl,
  subnet,
  interface,
  quotas,
  auto_tracked,
  behavior
};

// Fields that are lists have one position per element.
enum class Field : std::uint8_t {
  id,
  name,
  description,
  cidr,
  ipv6_cidr,
  secondary_cidr,
  router_mac,
  max_entries,
  entry_cidr,
  entry_description,
  ingress_description,
  egress_description,
  ingress_id,
  egress_id,
  ingress_number,
  egress_number,
  network_acl,
  subnet,
  address,
  security_group,
  tcp_established,
  udp,
  udp_stream,
  device,
  groups_per_region,
  groups_per_interface,
  rules_per_group,
  acls_per_vpc,
  entries_per_acl,
  entries_per_prefix_list,
  references_per_prefix_list,
  flows_per_interface,
  sg_identity_lost,
};

struct FieldPath {
  Section section;
  std::size_t object = 0;  // place in the section's list
  Field field;
  std::size_t element = 0;  // place in the field's list
  friend auto operator<=>(const FieldPath&, const FieldPath&) = default;
};

class SourceMap {
 public:
  void set(const FieldPath& path, SourcePosition at) { positions_[path] = at; }
  // The field's position, or that of the object around it.
  [[nodiscard]] SourcePosition find(const FieldPath& path, SourcePosition otherwise) const {
    const auto found = positions_.find(path);
    return found == positions_.end() ? otherwise : found->second;
  }

 private:
  std::map<FieldPath, SourcePosition> positions_;
};

}  // namespace vpcwall

// Edits of a policy from YAML, as a scenario's `change` has them:
//
//   - add_rule: {group: web, ingress: {protocol: tcp, ports: 443, source: 0.0.0.0/0}}
//   - remove_entry: {network_acl: public, egress: 110}
//
// Objects are named as they are in the policy in force.
#pragma once

#include <vector>

#include "policy/edit.h"
#include "policy/reporter.h"
#include "policy/yaml_tree.h"

namespace vpcwall {

// One edit, or a list of them. What is wrong is reported; the result is complete only if nothing was.
[[nodiscard]] std::vector<Edit> read_edits(const YamlNode& node, const Policy& policy, Reporter& reporter);

}  // namespace vpcwall

// Security group rules and network ACL entries from YAML.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/name_directory.h"
#include "policy/policy.h"
#include "policy/yaml_reader.h"

namespace vpcwall {

// Nothing when the rule is wrong; what is wrong has been reported then. A rule without an id gets the one
// that is derived from its content.
[[nodiscard]] std::optional<SecurityGroupRule> read_rule(const YamlNode& node, const std::string& group_id,
                                                         Direction direction, const NameDirectory& directory,
                                                         Reporter& reporter);

[[nodiscard]] std::optional<NetworkAclEntry> read_entry(const YamlNode& node, Direction direction,
                                                        Reporter& reporter);

}  // namespace vpcwall

// The section `lint` of a policy file: {suppress: [{check: VW004, object: public, reason: …}]}.
//
// Which checks there are is none of the policy's business: a daemon must not refuse a policy because it names
// a check that is newer than the daemon. lib/lint says which of the names it does not know.
#pragma once

#include <vector>

#include "policy/reporter.h"
#include "policy/yaml_tree.h"

namespace vpcwall {

[[nodiscard]] std::vector<Suppression> read_suppressions(const YamlNode& node, Reporter& reporter);

}  // namespace vpcwall

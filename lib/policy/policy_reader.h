// A YAML tree -> Policy: structure, kinds of value, names -> ids, defaults. Whether the values make sense
// together is validate()'s part.
#pragma once

#include "policy/policy.h"
#include "policy/reporter.h"
#include "policy/source_map.h"
#include "policy/yaml_tree.h"

namespace vpcwall {

struct ReadPolicy {
  Policy policy;  // without the parts that could not be read
  SourceMap positions;
  bool vpc_readable = false;
};

[[nodiscard]] ReadPolicy read_policy(const YamlNode& root, Reporter& reporter);

}  // namespace vpcwall

#include "policy/policy_yaml.h"

#include "policy/policy_reader.h"
#include "policy/reporter.h"
#include "policy/validate.h"
#include "policy/yaml_tree.h"

namespace vpcwall {

LoadedPolicy load_policy(std::string_view text, const std::string& file_name) {
  Reporter reporter(file_name);
  LoadedPolicy loaded;
  if (const auto tree = parse_yaml(text, reporter)) {
    ReadPolicy read = read_policy(*tree->root, reporter);
    validate({read.policy, read.positions, !reporter.has_error(), read.vpc_readable, reporter});
    if (!reporter.has_error()) loaded.policy = std::move(read.policy);
  }
  loaded.diagnostics = reporter.take();
  return loaded;
}

}  // namespace vpcwall

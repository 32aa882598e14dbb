#include "lint/daemon_places.h"

#include "policy/yaml_reader.h"

namespace vpcwall {

DaemonPlaces read_daemon_places(std::string_view text, Reporter& reporter) {
  DaemonPlaces places;
  const auto tree = parse_yaml(text, reporter);
  if (!tree) return places;
  if (tree->root->kind != YamlNode::Kind::mapping) {
    reporter.error(tree->root->at, "found " + describe(*tree->root) + ", expected the daemon's settings");
    return places;
  }
  const auto names_any = [&](std::string_view key) {
    const YamlNode* value = value_of(*tree->root, key);
    return value != nullptr && !value->children.empty();
  };
  const YamlNode* mode = value_of(*tree->root, "mode");
  places.host = mode != nullptr && mode->text == "host";
  places.devices = names_any("devices");
  places.uplinks = names_any("uplinks");
  places.services = names_any("services");
  return places;
}

}  // namespace vpcwall

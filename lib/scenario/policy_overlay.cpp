#include "scenario/policy_overlay.h"

#include <algorithm>
#include <array>

#include "policy/yaml_reader.h"

namespace vpcwall {
namespace {

const YamlNode* name_of(const YamlNode& item) {
  const YamlNode* name = item.kind == YamlNode::Kind::mapping ? value_of(item, "name") : nullptr;
  return name != nullptr && name->kind == YamlNode::Kind::scalar ? name : nullptr;
}

// N-29: what a network interface has and a gateway has not.
constexpr std::array<std::string_view, 2> of_interfaces_only{"security_groups", "source_dest_check"};

bool makes_gateway(const YamlNode& item) {
  const YamlNode* type = value_of(item, "type");
  return type != nullptr && type->text != "interface";
}

// A gateway that the upper text makes of an interface inherits its subnet and addresses, not its groups.
const YamlNode* inherited(const YamlNode& below, const YamlNode& above, std::deque<YamlNode>& pool) {
  if (!makes_gateway(above)) return &below;
  YamlNode& rest = pool.emplace_back(below);
  rest.children.clear();
  for (std::size_t i = 0; i + 1 < below.children.size(); i += 2) {
    const std::string_view key = below.children[i]->text;
    if (std::find(of_interfaces_only.begin(), of_interfaces_only.end(), key) != of_interfaces_only.end())
      continue;
    rest.children.insert(rest.children.end(), {below.children[i], below.children[i + 1]});
  }
  return &rest;
}

bool is_named_list(const YamlNode& node) {
  return node.kind == YamlNode::Kind::sequence &&
         std::all_of(node.children.begin(), node.children.end(),
                     [](const YamlNode* item) { return name_of(*item) != nullptr; });
}

const YamlNode* overlay_list(const YamlNode& below, const YamlNode& above, std::deque<YamlNode>& pool) {
  YamlNode& result = pool.emplace_back(above);
  for (const YamlNode*& item : result.children) {
    const auto found = std::find_if(below.children.begin(), below.children.end(), [&](const YamlNode* one) {
      return name_of(*one)->text == name_of(*item)->text;
    });
    if (found != below.children.end()) item = overlay(*inherited(**found, *item, pool), *item, pool);
  }
  return &result;
}

const YamlNode* overlay_mapping(const YamlNode& below, const YamlNode& above, std::deque<YamlNode>& pool) {
  YamlNode& result = pool.emplace_back(below);
  result.at = above.at;
  for (std::size_t i = 0; i + 1 < above.children.size(); i += 2) {
    const YamlNode* key = above.children[i];
    const YamlNode* value = above.children[i + 1];
    bool replaced = false;
    // Only keys of the lower mapping are replaced: a key that the upper one writes twice stays a mistake.
    for (std::size_t j = 0; j + 1 < below.children.size() && !replaced; j += 2) {
      replaced = below.children[j]->text == key->text && result.children[j] == below.children[j];
      if (!replaced) continue;
      result.children[j] = key;
      result.children[j + 1] = overlay(*below.children[j + 1], *value, pool);
    }
    if (!replaced) result.children.insert(result.children.end(), {key, value});
  }
  return &result;
}

}  // namespace

const YamlNode* overlay(const YamlNode& below, const YamlNode& above, std::deque<YamlNode>& pool) {
  if (below.kind == YamlNode::Kind::mapping && above.kind == YamlNode::Kind::mapping)
    return overlay_mapping(below, above, pool);
  if (is_named_list(below) && is_named_list(above)) return overlay_list(below, above, pool);
  return &above;
}

}  // namespace vpcwall

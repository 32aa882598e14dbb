#include "scenario/policy_overlay.h"

#include <algorithm>

#include "policy/yaml_reader.h"

namespace vpcwall {
namespace {

const YamlNode* name_of(const YamlNode& item) {
  const YamlNode* name = item.kind == YamlNode::Kind::mapping ? value_of(item, "name") : nullptr;
  return name != nullptr && name->kind == YamlNode::Kind::scalar ? name : nullptr;
}

// Whether the upper text makes another kind of object of what it names: a gateway of an interface, or back.
bool changes_type(const YamlNode& below, const YamlNode& above) {
  const YamlNode* after = value_of(above, "type");
  if (after == nullptr) return false;
  const YamlNode* before = value_of(below, "type");
  return after->text != (before != nullptr ? before->text : "interface");
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
    if (found != below.children.end() && !changes_type(**found, *item)) item = overlay(**found, *item, pool);
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

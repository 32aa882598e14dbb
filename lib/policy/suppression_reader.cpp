#include "policy/suppression_reader.h"

#include <utility>

#include "policy/yaml_reader.h"

namespace vpcwall {
namespace {

// Text that says something: a blank one is reported.
std::optional<std::string> read_words(const YamlNode& node, std::string_view what, Reporter& reporter) {
  auto text = read_text(node, what, reporter);
  if (text && text->find_first_not_of(" \t\r\n") == std::string::npos) {
    reporter.error(node.at, "found " + describe(node) + ", expected " + std::string(what));
    return std::nullopt;
  }
  return text;
}

// One check, or a list of them.
std::vector<std::string> read_checks(const YamlNode& node, Reporter& reporter) {
  std::vector<std::string> checks;
  const bool list = node.kind == YamlNode::Kind::sequence;
  for (const YamlNode* item : list ? node.children : std::vector<const YamlNode*>{&node})
    if (auto check = read_words(*item, "the id of a check", reporter)) checks.push_back(std::move(*check));
  if (list && node.children.empty())
    reporter.error(node.at, "found an empty list of checks, expected at least one");
  return checks;
}

std::optional<Suppression> read_suppression(const YamlNode& node, Reporter& reporter) {
  const MappingReader map(node, "a suppression", {"check", "object", "rule", "reason"}, reporter);
  if (!map.is_mapping()) return std::nullopt;
  Suppression suppression;
  suppression.at = node.at;
  if (const YamlNode* checks = map.require("check")) {
    suppression.at = checks->at;
    suppression.checks = read_checks(*checks, reporter);
  }
  bool good = !suppression.checks.empty();
  const auto read = [&](std::string_view key, std::string_view what, std::string& into) {
    const YamlNode* value = key == "reason" ? map.require(key) : map.find(key);
    if (value == nullptr) return key != "reason";
    auto text = read_words(*value, what, reporter);
    if (text) into = std::move(*text);
    return text.has_value();
  };
  good &= read("object", "the name or id of what the finding is about", suppression.object);
  good &= read("rule", "a rule: an id, or a direction and a number", suppression.rule);
  good &= read("reason", "why the finding is accepted", suppression.reason);
  if (!suppression.rule.empty() && suppression.object.empty()) {
    reporter.error(map.key_position("rule"),
                   "found a rule without the group or network ACL that it belongs to", "add the key object");
    return std::nullopt;
  }
  return good ? std::optional(std::move(suppression)) : std::nullopt;
}

}  // namespace

std::vector<Suppression> read_suppressions(const YamlNode& node, Reporter& reporter) {
  const MappingReader map(node, "lint", {"suppress"}, reporter);
  std::vector<Suppression> all;
  if (const YamlNode* list = map.find("suppress"))
    for (const YamlNode* item : read_list(*list, "suppress", reporter))
      if (auto one = read_suppression(*item, reporter)) all.push_back(std::move(*one));
  return all;
}

}  // namespace vpcwall

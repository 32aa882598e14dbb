// YAML text as a tree of nodes with positions; the only file of the loader that knows the YAML library.
//
// The tree is built from the library's parse events and not from its own node type, because that type loses
// what a strict reader must see: duplicate keys, quotes, the position of each scalar. Limits are enforced
// while parsing. After parse_yaml() succeeded, walking the tree recursively is safe: it is at most
// max_policy_depth deep and at most max_policy_nodes visits long, aliases followed.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"
#include "policy/reporter.h"

namespace vpcwall {

struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, sequence, mapping };
  Kind kind = Kind::null;
  bool quoted = false;  // a scalar in quotes or in block style: text, whatever it looks like
  SourcePosition at;    // of an empty value: where its key stands
  std::string text;     // scalars only
  std::vector<const YamlNode*> children;  // a sequence's items; a mapping's keys and values in turn
};

struct YamlTree {
  std::deque<YamlNode> nodes;  // a deque: nodes never move, so pointers to them stay good
  const YamlNode* root = nullptr;
};

// Nothing, and one or more errors in `reporter`, when `text` is not exactly one YAML document of UTF-8 text
// inside the limits of policy_yaml.h. `file` becomes part of every position in the tree.
[[nodiscard]] std::optional<YamlTree> parse_yaml(std::string_view text, Reporter& reporter,
                                                 std::uint32_t file = 0);

}  // namespace vpcwall

#include "policy/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <cstddef>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

// Leaves the parser from inside one of its events.
struct Refusal {
  SourcePosition at;
  std::string message;
  std::string hint;
};

Refusal too_deep(SourcePosition at) {
  return {at, "found nesting deeper than " + std::to_string(max_policy_depth) + " levels", {}};
}
Refusal too_many_nodes(SourcePosition at) {
  return {at, "found more than " + std::to_string(max_policy_nodes) + " values", {}};
}

SourcePosition position_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::uint32_t>(mark.line) + 1, static_cast<std::uint32_t>(mark.column) + 1};
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(YamlTree& tree, std::uint32_t file) : tree_(tree), file_(file) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (tree_.root != nullptr)
      throw Refusal{position_of(mark), "found more text after the end of the document, expected one document",
                    "keep one policy per file"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(YamlNode::Kind::null, mark, {}, anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode& node = add(YamlNode::Kind::scalar, mark, tag, anchor);
    node.quoted = tag == "!";
    node.text = value;
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Refusal{position_of(mark), "found an alias without its anchor", {}};
    attach(found->second);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(add(YamlNode::Kind::sequence, mark, tag, anchor));
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(add(YamlNode::Kind::mapping, mark, tag, anchor));
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  YamlNode& add(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    SourcePosition at = position_of(mark);
    at.file = file_;
    if (tree_.nodes.size() == max_policy_nodes) throw too_many_nodes(at);
    if (!tag.empty() && tag != "?" && tag != "!")
      throw Refusal{at, "found the YAML tag " + quoted(tag) + ", expected a value without one",
                    "remove the tag"};
    YamlNode& node = tree_.nodes.emplace_back();
    node.kind = kind;
    node.at = at;
    if (anchor != YAML::NullAnchor) anchors_[anchor] = &node;
    if (kind == YamlNode::Kind::null && !open_.empty()) take_key_position(node);
    attach(&node);
    return node;
  }

  // The library places an empty value at the next token, which may be lines below.
  void take_key_position(YamlNode& node) const {
    const YamlNode& parent = *open_.back();
    if (parent.kind == YamlNode::Kind::mapping && parent.children.size() % 2 == 1)
      node.at = parent.children.back()->at;
  }

  void attach(const YamlNode* node) {
    if (open_.empty()) {
      tree_.root = node;
    } else {
      open_.back()->children.push_back(node);
    }
  }

  void open(YamlNode& node) {
    open_.push_back(&node);
    if (open_.size() > max_policy_depth) throw too_deep(node.at);
  }

  YamlTree& tree_;
  std::uint32_t file_;
  std::vector<YamlNode*> open_;  // the collections around the next node, outermost first
  std::unordered_map<YAML::anchor_t, const YamlNode*> anchors_;
};

// Aliases make a small text large, and an alias inside its own anchor makes it endless.
class AliasMeter {
 public:
  void visit(const YamlNode& node, std::size_t depth) {
    if (++visited_ > max_policy_nodes) throw too_many_nodes(node.at);
    if (node.kind != YamlNode::Kind::sequence && node.kind != YamlNode::Kind::mapping) return;
    if (depth == max_policy_depth) throw too_deep(node.at);
    for (const YamlNode* child : node.children) visit(*child, depth + 1);
  }

 private:
  std::size_t visited_ = 0;
};

// Bytes of a UTF-8 character from its first byte, or 0.
std::size_t utf8_length(unsigned char first) noexcept {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

// What the library would misread in silence. Byte 4 ends its input, so the rest of the rules would be lost;
// bytes that are no UTF-8 are replaced; and it holds every token of an open bracket in memory, so a text of
// brackets alone would cost hundreds of times its size before the first event.
void inspect(std::string_view text) {
  constexpr std::size_t max_open_brackets = 65536;
  SourcePosition at{1, 1};
  std::size_t brackets = 0, open = 0;
  for (std::size_t i = 0; i < text.size(); ++at.column) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool control = (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
    if (control)
      throw Refusal{at, "found the control byte " + quoted(text.substr(i, 1)) + ", expected text", {}};
    const std::size_t length = utf8_length(byte);
    bool whole = length != 0 && i + length <= text.size();
    for (std::size_t j = 1; whole && j < length; ++j)
      whole = (static_cast<unsigned char>(text[i + j]) & 0xC0U) == 0x80U;
    if (!whole)
      throw Refusal{at, "found bytes that are not UTF-8, expected UTF-8 text", "save the file as UTF-8"};
    if (byte == '[' || byte == '{') {
      if (++brackets > max_policy_nodes) throw too_many_nodes(at);
      if (++open > max_open_brackets) throw too_deep(at);
    } else if ((byte == ']' || byte == '}') && open != 0) {
      --open;
    }
    i += length;
    if (byte == '\n') at = {at.line + 1, 0};
  }
}

void build(std::string_view text, std::uint32_t file, YamlTree& tree) {
  if (text.size() > max_policy_bytes)
    throw Refusal{{},
                  "found " + std::to_string(text.size()) + " bytes, expected at most " +
                      std::to_string(max_policy_bytes),
                  {}};
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  inspect(text);
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  TreeBuilder builder(tree, file);
  while (parser.HandleNextDocument(builder)) continue;
  if (tree.root == nullptr || tree.root->kind == YamlNode::Kind::null)
    throw Refusal{{1, 1}, "found an empty file, expected a policy", "begin with: version: 1"};
  AliasMeter{}.visit(*tree.root, 0);
}

}  // namespace

std::optional<YamlTree> parse_yaml(std::string_view text, Reporter& reporter, std::uint32_t file) {
  YamlTree tree;
  try {
    build(text, file, tree);
    return tree;
  } catch (const Refusal& refusal) {
    reporter.error(refusal.at, refusal.message, refusal.hint);
  } catch (const YAML::Exception& exception) {
    reporter.error(position_of(exception.mark), "found text that is not YAML: " + exception.msg);
    // GCOVR_EXCL_START: no text is known that makes the library throw anything else
  } catch (const std::exception& exception) {
    reporter.error({}, std::string("cannot read the text as YAML: ") + exception.what());
    // GCOVR_EXCL_STOP
  }
  return std::nullopt;
}

}  // namespace vpcwall

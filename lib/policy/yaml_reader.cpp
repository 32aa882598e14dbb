#include "policy/yaml_reader.h"

#include <algorithm>
#include <charconv>

namespace vpcwall {
namespace {

std::string found(const YamlNode& node, std::string_view expected) {
  return "found " + describe(node) + ", expected " + std::string(expected);
}

bool is_any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return result;
}

}  // namespace

std::string describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null: return "nothing";
    case YamlNode::Kind::scalar: return quoted(node.text);
    case YamlNode::Kind::sequence: return "a list";
    case YamlNode::Kind::mapping: return "a mapping";
  }
  return {};  // GCOVR_EXCL_LINE: every value has its case
}

const YamlNode* value_of(const YamlNode& mapping, std::string_view key) noexcept {
  if (mapping.kind != YamlNode::Kind::mapping) return nullptr;
  for (std::size_t i = 0; i + 1 < mapping.children.size(); i += 2) {
    const YamlNode& candidate = *mapping.children[i];
    if (candidate.kind == YamlNode::Kind::scalar && candidate.text == key) return mapping.children[i + 1];
  }
  return nullptr;
}

MappingReader::MappingReader(const YamlNode& node, std::string_view what,
                             std::initializer_list<std::string_view> keys, Reporter& reporter)
    : node_(node), what_(what), reporter_(reporter) {
  if (!is_mapping()) {
    reporter.error(node.at, found(node, what_ + ", a mapping"),
                   node.kind == YamlNode::Kind::null ? "write {} or remove the key" : std::string{});
    return;
  }
  const std::span<const std::string_view> known(keys.begin(), keys.size());
  members_.reserve(known.size());
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    const YamlNode& key = *node.children[i];
    if (key.kind != YamlNode::Kind::scalar) {
      reporter.error(key.at, "found " + describe(key) + " as a key in " + what_ + ", expected a word");
      continue;
    }
    const auto* match = std::find(keys.begin(), keys.end(), key.text);
    if (match == keys.end()) {
      std::string hint = reporter.did_you_mean(key.text, known);
      if (hint.empty()) hint = "valid keys are " + one_of(known);
      reporter.error(key.at, "found the unknown key " + quoted(key.text) + " in " + what_, hint);
      continue;
    }
    const bool repeated = std::any_of(members_.begin(), members_.end(),
                                      [&](const Member& member) { return member.key == *match; });
    if (repeated) {
      reporter.error(key.at, "found the key " + quoted(key.text) + " a second time in " + what_,
                     where_the_first_stands(key_position(*match)));
      continue;
    }
    members_.push_back({*match, &key, node.children[i + 1]});
  }
}

const YamlNode* MappingReader::find(std::string_view key) const noexcept {
  for (const Member& member : members_)
    if (member.key == key) return member.value;
  return nullptr;
}

SourcePosition MappingReader::key_position(std::string_view key) const noexcept {
  for (const Member& member : members_)
    if (member.key == key) return member.key_node->at;
  return node_.at;  // GCOVR_EXCL_LINE: callers have found the key before they ask where it stands
}

const YamlNode* MappingReader::require(std::string_view key, std::string_view aws_code) const {
  const YamlNode* value = find(key);
  if (value == nullptr && is_mapping())
    reporter_.error(node_.at, "found no key " + quoted(key) + " in " + what_ + ", expected one", {},
                    aws_code);
  return value;
}

std::vector<const YamlNode*> read_list(const YamlNode& node, std::string_view what, Reporter& reporter) {
  if (node.kind == YamlNode::Kind::sequence) return node.children;
  const bool empty = node.kind == YamlNode::Kind::null;
  reporter.error(node.at, found(node, std::string(what) + ", a list"),
                 empty ? "write [] for none, or remove the key" : "");
  return {};
}

std::optional<std::string> read_text(const YamlNode& node, std::string_view what, Reporter& reporter) {
  if (node.kind == YamlNode::Kind::scalar) return node.text;
  const bool empty = node.kind == YamlNode::Kind::null;
  reporter.error(node.at, found(node, what),
                 empty ? "put the word null in quotes if it is meant as text" : "");
  return std::nullopt;
}

std::string number_hint(std::string_view text) {
  const bool digits =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits && text.size() > 1 && text.front() == '0') {
    const auto first = text.find_first_not_of('0');
    return "write " + std::string(first == std::string_view::npos ? "0" : text.substr(first)) +
           ", without leading zeros";
  }
  if (text.starts_with("0x") || text.starts_with("0o")) return "write a decimal number";
  if (text.starts_with('+')) return "write it without the sign";
  return {};
}

std::optional<std::uint32_t> parse_number(std::string_view text) noexcept {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint32_t> read_number(const YamlNode& node, std::string_view what, std::uint32_t smallest,
                                         std::uint32_t largest, Reporter& reporter,
                                         std::string_view aws_code) {
  const bool scalar = node.kind == YamlNode::Kind::scalar;
  const auto number = scalar ? parse_number(node.text) : std::nullopt;
  if (number && !node.quoted && *number >= smallest && *number <= largest) return number;
  const std::string range = std::to_string(smallest) + " to " + std::to_string(largest);
  std::string hint = scalar ? number_hint(node.text) : std::string{};
  if (number && node.quoted) hint = "write " + node.text + " without quotes";
  reporter.error(node.at, found(node, std::string(what) + ", a number from " + range), hint, aws_code);
  return std::nullopt;
}

std::optional<bool> read_flag(const YamlNode& node, std::string_view what, Reporter& reporter) {
  if (node.kind == YamlNode::Kind::scalar && !node.quoted) {
    if (node.text == "true") return true;
    if (node.text == "false") return false;
  }
  std::string hint;
  if (node.kind == YamlNode::Kind::scalar) {
    const std::string word = lower(node.text);
    if (is_any_of(word, {"yes", "y", "on", "1", "true"})) hint = "write true";
    if (is_any_of(word, {"no", "n", "off", "0", "false"})) hint = "write false";
    if (!hint.empty() && node.quoted) hint += " without quotes";
  }
  reporter.error(node.at, found(node, std::string(what) + ", true or false"), hint);
  return std::nullopt;
}

std::optional<std::size_t> read_word(const YamlNode& node, std::string_view what,
                                     std::initializer_list<std::string_view> words, Reporter& reporter,
                                     std::string_view aws_code) {
  const std::span<const std::string_view> valid(words.begin(), words.size());
  if (node.kind == YamlNode::Kind::scalar) {
    const auto match = std::find(valid.begin(), valid.end(), node.text);
    if (match != valid.end()) return static_cast<std::size_t>(match - valid.begin());
  }
  const std::string hint =
      node.kind == YamlNode::Kind::scalar ? reporter.did_you_mean(node.text, valid) : std::string{};
  reporter.error(node.at, found(node, std::string(what) + ", " + one_of(valid)), hint, aws_code);
  return std::nullopt;
}

std::optional<Prefix> read_cidr(const YamlNode& node, std::string_view what, Reporter& reporter) {
  if (node.kind == YamlNode::Kind::scalar) {
    if (const auto prefix = parse_prefix(node.text)) {
      const auto address = parse_address(node.text.substr(0, node.text.find('/')));
      if (address && *address != prefix->base)
        reporter.warning(node.at, "found " + quoted(node.text) + ", which has bits beyond its length",
                         "it is read as " + to_string(*prefix));
      return prefix;
    }
  }
  std::string hint;
  if (node.kind == YamlNode::Kind::scalar) {
    if (const auto address = parse_address(node.text)) hint = "write " + to_string(host_prefix(*address));
    if (is_any_of(lower(node.text), {"any", "all", "*", "anywhere", "0/0"})) hint = "write 0.0.0.0/0 or ::/0";
  }
  reporter.error(node.at, found(node, std::string(what) + ", a CIDR block"), hint, "InvalidParameterValue");
  return std::nullopt;
}

}  // namespace vpcwall

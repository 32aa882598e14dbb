// Strict readers over YAML nodes: each takes one node, returns a value or reports what it found instead of
// what it expected, and never converts: a number is plain decimal digits, a truth value is true or false.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "policy/reporter.h"
#include "policy/yaml_tree.h"

namespace vpcwall {

// What stands there, for "found …": a quoted scalar, "a list", "a mapping" or "nothing".
[[nodiscard]] std::string describe(const YamlNode& node);

// The first value of `key` in a mapping, without any report; null when there is none.
[[nodiscard]] const YamlNode* value_of(const YamlNode& mapping, std::string_view key) noexcept;

// A mapping with a fixed set of keys. Construction reports a node of another kind, unknown keys (with the
// nearest valid one) and duplicate keys; of a duplicate key the first value counts.
class MappingReader {
 public:
  // `what` names the mapping in messages: "an ingress rule". `keys` must outlive the reader (literals).
  MappingReader(const YamlNode& node, std::string_view what, std::initializer_list<std::string_view> keys,
                Reporter& reporter);

  [[nodiscard]] bool is_mapping() const noexcept { return node_.kind == YamlNode::Kind::mapping; }
  [[nodiscard]] SourcePosition at() const noexcept { return node_.at; }
  [[nodiscard]] Reporter& reporter() const noexcept { return reporter_; }
  // The value of `key`, or null when it is not written.
  [[nodiscard]] const YamlNode* find(std::string_view key) const noexcept;
  // Where the key itself stands; the mapping's place when it is not written.
  [[nodiscard]] SourcePosition key_position(std::string_view key) const noexcept;
  // As find(), and reports the missing key.
  [[nodiscard]] const YamlNode* require(std::string_view key, std::string_view aws_code = {}) const;

 private:
  struct Member {
    std::string_view key;
    const YamlNode* key_node;
    const YamlNode* value;
  };
  const YamlNode& node_;
  std::string what_;
  Reporter& reporter_;
  std::vector<Member> members_;
};

// The items of a list; reports a node of another kind and returns no items then.
[[nodiscard]] std::vector<const YamlNode*> read_list(const YamlNode& node, std::string_view what,
                                                     Reporter& reporter);

// Any scalar, quoted or plain.
[[nodiscard]] std::optional<std::string> read_text(const YamlNode& node, std::string_view what,
                                                   Reporter& reporter);

// Plain decimal digits without sign or leading zeros, inside [smallest, largest].
[[nodiscard]] std::optional<std::uint32_t> read_number(const YamlNode& node, std::string_view what,
                                                       std::uint32_t smallest, std::uint32_t largest,
                                                       Reporter& reporter, std::string_view aws_code = {});

[[nodiscard]] std::optional<bool> read_flag(const YamlNode& node, std::string_view what, Reporter& reporter);

// The place of the scalar in `words`.
[[nodiscard]] std::optional<std::size_t> read_word(const YamlNode& node, std::string_view what,
                                                   std::initializer_list<std::string_view> words,
                                                   Reporter& reporter, std::string_view aws_code = {});

// A CIDR block with its length. One that is not canonical is canonicalised with a warning (S-38); a bare
// address is an error with the way to write it (S-37).
[[nodiscard]] std::optional<Prefix> read_cidr(const YamlNode& node, std::string_view what,
                                              Reporter& reporter);

// Why a text is no number here, where there is a reason worth telling: "write 10, without leading zeros".
[[nodiscard]] std::string number_hint(std::string_view text);

// The decimal number that is all of `text`: digits only, no leading zero, at most 4294967295.
[[nodiscard]] std::optional<std::uint32_t> parse_number(std::string_view text) noexcept;

}  // namespace vpcwall

// Where a rule is written: what makes it the same rule in every case that has it, however a case lays other
// text over the policy or edits it. A rule that a case takes away or replaces is not there for that case; one
// that it writes itself is a rule of its own.
//
// Ordered by file, line and column. Plain values; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "policy/written_rule.h"

namespace vpcwall {

struct RulePlace {
  std::string file;
  std::uint32_t line = 0, column = 0;
  // One text can stand in two lists by an alias, and what is not written stands where its owner does.
  RuleKind kind = RuleKind::acl_entry;
  std::string owner;  // name
  Direction direction = Direction::ingress;
  Family family = Family::ipv4;
  std::string unwritten;  // what a rule matches that AWS adds

  friend auto operator<=>(const RulePlace&, const RulePlace&) = default;
};

// `sources` are the names of the files, see ScenarioFile.
[[nodiscard]] RulePlace place_of(const WrittenRule& rule, const std::vector<std::string>& sources);

// "policy.yaml:12:7"
[[nodiscard]] std::string to_string(const RulePlace& place);

}  // namespace vpcwall

// Which of many rules matches a packet first, found without asking one after the other.
//
//   RuleIndex index(Family::ipv4, rules);  // in the order in which they are tried
//   std::uint32_t position = index.first_match(kind_of(packet), peer);  // or RuleIndex::none
//
// The rules for one prefix are one table: ranges of TrafficKind, and for each the first rule that matches
// there, worked out beforehand. A binary search finds the longest prefix that the peer lies in, links lead
// from there to the prefixes around it, and the walk ends where none of them can hold an earlier rule than
// the one found. Sets too large to be taken apart are asked whether they contain the peer.
//
// Cost of a question: a binary search among the prefixes, and one in a table for each prefix around the peer
// that occurs in the rules (how deep they are nested, not how many there are). Memory: proportional to the
// rules, and to the members of the sets that were taken apart. Immutable; any number of threads may ask.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "net/address.h"
#include "policy/address_set.h"
#include "policy/compiled_traffic.h"
#include "policy/prefix_map.h"

namespace vpcwall {

// What an index needs to know of a rule.
struct IndexedRule {
  CompiledTraffic traffic;
  Prefix prefix;                          // used when `set` is null
  std::shared_ptr<const AddressSet> set;  // members of a group, or entries of a prefix list
};

class RuleIndex {
 public:
  static constexpr std::uint32_t none = 0xffffffffU;
  // Up to so many prefixes a set is taken apart: they stand among those of the rules, and one search finds
  // them all.
  static constexpr std::size_t small_set = 64;

  RuleIndex() = default;
  // What a rule says of the other family is left out. Sets of more than `apart` prefixes are asked.
  RuleIndex(Family family, std::span<const IndexedRule> rules, std::size_t apart = small_set);

  [[nodiscard]] static bool is_taken_apart(const AddressSet& set, std::size_t apart) noexcept {
    return set.prefixes().size() <= apart && !set.has_holes();
  }

  [[nodiscard]] std::uint32_t first_match(TrafficKind kind, const IpAddress& peer) const noexcept;

 private:
  struct Range {
    TrafficKind start = 0;       // up to the start of the next one
    std::uint32_t first = none;  // the first rule that matches here
  };
  // The rules of one peer, as a part of ranges_.
  struct Table {
    std::uint32_t begin = 0, size = 0;
  };
  // A prefix that some rule names.
  struct Node {
    std::uint32_t table = 0;
    std::uint32_t around = none;    // the longest other one that it lies in
    std::uint32_t earliest = none;  // the first rule of this one and all around it
  };
  struct Set {
    std::shared_ptr<const AddressSet> members;
    std::uint32_t table = 0;
    std::uint32_t earliest = none;
  };
  class Builder;

  [[nodiscard]] std::uint32_t first_in(std::uint32_t table, TrafficKind kind) const noexcept;

  std::vector<Range> ranges_;
  std::vector<Table> tables_;
  std::vector<Node> nodes_;
  PrefixMap longest_;      // the node of the longest prefix
  std::vector<Set> sets_;  // by `earliest`
};

}  // namespace vpcwall

// Which of many rules matches a packet first, found without asking one after the other.
//
//   RuleIndex index(Family::ipv4, rules);                 // in the order in which they are tried
//   const std::uint32_t first = index.first_match(kind_of(packet), peer);    // a position, or
//   RuleIndex::none
//
// The rules of one peer are one table: ranges of TrafficKind, and for each the first rule that matches there,
// worked out beforehand. Peers are found by a hash table for each length of prefix that occurs; sets too
// large to be taken apart are asked whether they contain the peer. Tables are tried in the order of their
// first rule, and the search ends where no later table can hold an earlier rule than the one found.
//
// Cost of a question: a hash lookup and a binary search for each different length of prefix (at most 33 for
// IPv4, 129 for IPv6; a policy has a few), not for each rule. Memory: proportional to the rules, and to the
// members of the sets that were taken apart. Immutable; any number of threads may ask.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "net/address.h"
#include "policy/address_set.h"
#include "policy/compiled_traffic.h"
#include "policy/prefix_hash.h"

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

  RuleIndex() = default;
  // What a rule says of the other family is left out.
  RuleIndex(Family family, std::span<const IndexedRule> rules);

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
  struct Length {
    PrefixHash tables;
    std::uint32_t earliest = none;  // the first rule of any of its tables
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
  std::vector<Length> lengths_;  // by `earliest`
  std::vector<Set> sets_;        // likewise
};

}  // namespace vpcwall

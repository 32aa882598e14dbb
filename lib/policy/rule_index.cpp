#include "policy/rule_index.h"

#include <algorithm>
#include <map>
#include <set>

#include "policy/range_search.h"

namespace vpcwall {
class RuleIndex::Builder {
 public:
  Builder(RuleIndex& index, Family family, std::span<const IndexedRule> rules, std::size_t apart)
      : index_(index), family_(family), rules_(rules), apart_(apart) {}

  void build() {
    for (std::uint32_t position = 0; position < rules_.size(); ++position) place(position);
    add_nodes();
    for (const auto& [members, positions] : sets_)
      index_.sets_.push_back({members, table_of(positions), positions.front()});
    std::sort(index_.sets_.begin(), index_.sets_.end(),
              [](const Set& a, const Set& b) { return a.earliest < b.earliest; });
  }

 private:
  using Positions = std::vector<std::uint32_t>;  // ascending

  void place(std::uint32_t position) {
    const IndexedRule& rule = rules_[position];
    if (rule.set == nullptr) {
      if (rule.prefix.base.family == family_) prefixes_[rule.prefix].push_back(position);
    } else if (is_taken_apart(*rule.set, apart_)) {
      for (const Prefix& prefix : rule.set->prefixes())
        if (prefix.base.family == family_) prefixes_[prefix].push_back(position);
    } else {
      sets_[rule.set].push_back(position);
    }
  }

  // In the order of the map each prefix comes before those that lie in it.
  void add_nodes() {
    std::vector<std::pair<Prefix, std::uint32_t>> entries;
    std::vector<std::pair<Prefix, std::uint32_t>> around;
    for (const auto& [prefix, positions] : prefixes_) {
      while (!around.empty() && !around.back().first.contains(prefix)) around.pop_back();
      Node node{table_of(positions), none, positions.front()};
      if (!around.empty()) {
        node.around = around.back().second;
        node.earliest = std::min(node.earliest, index_.nodes_[node.around].earliest);
      }
      const auto number = static_cast<std::uint32_t>(index_.nodes_.size());
      index_.nodes_.push_back(node);
      entries.emplace_back(prefix, number);
      around.emplace_back(prefix, number);
    }
    index_.longest_ = PrefixMap(std::move(entries));
  }

  // The table of these rules; peers with the same rules share one.
  std::uint32_t table_of(const Positions& positions) {
    const auto [found, is_new] =
        known_.try_emplace(positions, static_cast<std::uint32_t>(index_.tables_.size()));
    if (is_new) add_table(positions);
    return found->second;
  }

  // A sweep over the kinds: at each place where a rule begins or ends to match, the first of those that
  // match.
  void add_table(const Positions& positions) {
    std::map<TrafficKind, std::vector<std::pair<std::uint32_t, bool>>> events;
    for (const std::uint32_t position : positions)
      for (const TrafficKinds& kinds : rules_[position].traffic.kinds()) {
        if (kinds.first > kinds.last) continue;
        events[kinds.first].emplace_back(position, true);
        events[kinds.last + 1].emplace_back(position, false);
      }
    const auto begin = static_cast<std::uint32_t>(index_.ranges_.size());
    index_.ranges_.push_back({0, none});
    std::set<std::uint32_t> matching;
    for (const auto& [kind, changes] : events) {
      for (const auto& [position, begins] : changes) {
        if (begins)
          matching.insert(position);
        else
          matching.erase(position);
      }
      const std::uint32_t first = matching.empty() ? none : *matching.begin();
      if (kind == 0)
        index_.ranges_.back().first = first;
      else if (index_.ranges_.back().first != first)
        index_.ranges_.push_back({kind, first});
    }
    index_.tables_.push_back({begin, static_cast<std::uint32_t>(index_.ranges_.size()) - begin});
  }

  RuleIndex& index_;
  Family family_;
  std::span<const IndexedRule> rules_;
  std::size_t apart_;
  std::map<Prefix, Positions> prefixes_;
  std::map<std::shared_ptr<const AddressSet>, Positions> sets_;
  std::map<Positions, std::uint32_t> known_;
};

RuleIndex::RuleIndex(Family family, std::span<const IndexedRule> rules, std::size_t apart) {
  Builder(*this, family, rules, apart).build();
}

std::uint32_t RuleIndex::first_in(std::uint32_t table, TrafficKind kind) const noexcept {
  // The first one starts at 0.
  const auto starts = [kind](const Range* range) { return range->start <= kind; };
  return last_range(ranges_.data() + tables_[table].begin, tables_[table].size, starts)->first;
}

std::uint32_t RuleIndex::first_match(TrafficKind kind, const IpAddress& peer) const noexcept {
  std::uint32_t first = none;
  for (std::uint32_t node = longest_.find(peer); node != none && nodes_[node].earliest < first;
       node = nodes_[node].around)
    first = std::min(first, first_in(nodes_[node].table, kind));
  for (const Set& set : sets_) {
    if (set.earliest >= first) break;
    if (set.members->contains(peer)) first = std::min(first, first_in(set.table, kind));
  }
  return first;
}

}  // namespace vpcwall

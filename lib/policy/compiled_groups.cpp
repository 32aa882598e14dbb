#include "policy/compiled_groups.h"

#include <array>

#include "policy/compile.h"
#include "policy/identity.h"

namespace vpcwall {
namespace {

constexpr std::array<Direction, 2> directions{Direction::ingress, Direction::egress};
constexpr std::array<Family, 2> families{Family::ipv4, Family::ipv6};

// S-39: a range speaks of its own family only. S-66: ICMP is IPv4's, ICMPv6 is IPv6's.
bool can_match(const SecurityGroupRule& rule, Family family) {
  const Prefix* prefix = std::get_if<Prefix>(&rule.peer);
  if (prefix != nullptr && prefix->base.family != family) return false;
  if (rule.traffic.protocol == Protocol::icmp) return family == Family::ipv4;
  if (rule.traffic.protocol == Protocol::icmpv6) return family == Family::ipv6;
  return true;
}

std::size_t prefixes_of(const CompiledRule& rule) {
  const bool apart = rule.set != nullptr && RuleIndex::is_taken_apart(*rule.set, RuleIndex::small_set);
  return apart ? rule.set->prefixes().size() : 1;
}

void build_indexes(CompiledRules& list, Family family, std::size_t apart) {
  std::vector<IndexedRule> indexed, open;
  for (const CompiledRule& rule : list.rules) {
    list.names_groups |= rule.names_group;
    indexed.push_back({rule.traffic, rule.prefix, rule.set});
    if (!rule.open) continue;
    open.push_back({rule.traffic, make_prefix({0, 0, family}, 0), nullptr});
    list.open_all_tcp |= rule.traffic.covers_all_ports(Protocol::tcp);
    list.open_all_udp |= rule.traffic.covers_all_ports(Protocol::udp);
  }
  list.index = RuleIndex(family, indexed, apart);
  list.open_rules = RuleIndex(family, open);
}

}  // namespace

CompiledGroups::CompiledGroups(const Policy& policy, CounterSlots& slots, std::size_t room)
    : policy_(policy), slots_(slots), room_(room) {
  for (const SecurityGroup& group : policy.security_groups) groups_[group.id].written = &group;
  collect_members();
  collect_prefix_lists();
}

// S-40 to S-42: a reference means every address of every interface that carries the group, but for those
// whose packets no longer show it (S-51).
void CompiledGroups::collect_members() {
  std::map<std::string, std::vector<Prefix>> members;
  for (const Interface& interface : policy_.interfaces)
    for (const std::string& group : interface.security_groups)
      members[group].insert(members[group].end(), interface.addresses.begin(), interface.addresses.end());
  const auto hidden = std::make_shared<const AddressSet>(policy_.behavior.sg_identity_lost);
  for (const auto& [group, addresses] : members)
    members_[group] = std::make_shared<const AddressSet>(AddressSet(addresses).without(hidden));
}

void CompiledGroups::collect_prefix_lists() {
  for (const PrefixList& list : policy_.prefix_lists) {
    std::vector<Prefix> prefixes;
    for (const PrefixListEntry& entry : list.entries) prefixes.push_back(entry.cidr);
    lists_[list.id] = std::make_shared<const AddressSet>(prefixes);
  }
}

const CompiledGroups::Parts& CompiledGroups::of(const std::vector<std::string>& ids) {
  const auto [found, is_new] = known_.try_emplace(ids);
  Parts& parts = found->second;
  if (!is_new) return parts;
  std::vector<Group*> carried;
  std::size_t prefixes = 0;
  for (const std::string& id : ids)
    if (Group* one = group(id)) {
      carried.push_back(one);
      prefixes += one->prefixes;
    }
  if (carried.size() != 1 && take(prefixes))
    parts.push_back(merge(carried, RuleIndex::small_set));
  else
    for (Group* one : carried) parts.push_back(alone(*one));
  return parts;
}

bool CompiledGroups::take(std::size_t prefixes) noexcept {
  if (prefixes > room_) return false;
  room_ -= prefixes;
  return true;
}

// What the rules themselves need is always there; members are what multiplies.
const std::shared_ptr<const GroupRules>& CompiledGroups::alone(Group& group) {
  if (group.alone == nullptr)
    group.alone = merge({&group}, take(group.prefixes - group.count) ? RuleIndex::small_set : 0);
  return group.alone;
}

CompiledGroups::Group* CompiledGroups::group(const std::string& id) {
  const auto found = groups_.find(id);
  if (found == groups_.end()) return nullptr;
  Group& group = found->second;
  if (group.compiled) return &group;
  group.compiled = true;
  for (const Direction direction : directions)
    for (const SecurityGroupRule& rule : group.written->rules(direction)) {
      CompiledRule compiled = compile_rule(*group.written, direction, rule);
      for (const Family family : families) {
        if (!can_match(rule, family)) continue;
        compiled.open = compiled.set ? compiled.set->is_open(family) : compiled.prefix.is_open();
        group.rules[at(direction)][at(family)].push_back(compiled);
        group.count += 1;
        group.prefixes += prefixes_of(compiled);
      }
    }
  return &group;
}

// In the order written, so that answers are repeatable.
std::shared_ptr<const GroupRules> CompiledGroups::merge(const std::vector<Group*>& groups,
                                                        std::size_t apart) {
  auto merged = std::make_shared<GroupRules>();
  for (const Direction direction : directions)
    for (const Family family : families) {
      CompiledRules& list = (*merged)[at(direction)][at(family)];
      std::size_t size = 0;
      for (const Group* group : groups) size += group->rules[at(direction)][at(family)].size();
      list.rules.reserve(size);
      for (const Group* group : groups) {
        const std::vector<CompiledRule>& rules = group->rules[at(direction)][at(family)];
        list.rules.insert(list.rules.end(), rules.begin(), rules.end());
      }
      build_indexes(list, family, apart);
    }
  return merged;
}

CompiledRule CompiledGroups::compile_rule(const SecurityGroup& group, Direction direction,
                                          const SecurityGroupRule& rule) {
  CompiledRule compiled;
  compiled.traffic = compile_traffic(rule.traffic);
  compiled.slot = slots_.assign({RuleKind::group_rule, group.id, direction, Family::ipv4, rule.id,
                                 "allow " + describe(rule.traffic) + ' ' + peer_identity(rule.peer)},
                                group.name);
  static const auto nobody = std::make_shared<const AddressSet>();  // S-55, S-80: matches nothing
  if (const auto* prefix = std::get_if<Prefix>(&rule.peer)) {
    compiled.prefix = *prefix;
  } else if (const auto* reference = std::get_if<GroupReference>(&rule.peer)) {
    const auto found = members_.find(reference->id);
    compiled.set = found != members_.end() ? found->second : nobody;
    compiled.names_group = true;
  } else if (const auto* list = std::get_if<PrefixListReference>(&rule.peer)) {
    const auto found = lists_.find(list->id);
    compiled.set = found != lists_.end() ? found->second : nobody;
  }
  return compiled;
}

}  // namespace vpcwall

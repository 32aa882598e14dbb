#include <map>
#include <set>

#include "policy/identity.h"
#include "policy/validate.h"

namespace vpcwall {
namespace {

class RuleCheck {
 public:
  explicit RuleCheck(const PolicyCheck& check) : check_(check) {
    for (const PrefixList& list : check.policy.prefix_lists) lists_.insert(list.id);
  }

  void run() {
    const Policy& policy = check_.policy;
    for (const SecurityGroup& group : policy.security_groups)
      for (const Direction direction : {Direction::ingress, Direction::egress}) rules(group, direction);
    for (std::size_t i = 0; i < policy.network_acls.size(); ++i)
      for (const Direction direction : {Direction::ingress, Direction::egress}) entries(i, direction);
    for (std::size_t i = 0; i < policy.prefix_lists.size(); ++i) list(policy.prefix_lists[i], i);
    peers(policy.auto_tracked, {Section::auto_tracked, 0, Field::cidr});
    peers(policy.behavior.sg_identity_lost, {Section::behavior, 0, Field::sg_identity_lost});
  }

 private:
  void error(SourcePosition at, const std::string& message, const std::string& hint = {},
             std::string_view code = {}) {
    check_.reporter.error(at, message, hint, code);
  }

  void peers(const std::vector<Prefix>& all, FieldPath path) {
    std::set<Prefix> seen;
    for (const Prefix& peer : all) {
      if (!seen.insert(peer).second)
        error(check_.positions.find(path, {}), "found " + to_string(peer) + " a second time");
      ++path.element;
    }
  }

  void traffic(const Traffic& traffic, SourcePosition at) {
    if (traffic.icmp_code && !traffic.icmp_type)
      error(at, "found an ICMP code without a type, expected both", {}, "InvalidParameterValue");
    if (traffic.ports.first > traffic.ports.last)
      error(at, "found ports " + to_string(traffic.ports) + ", expected the smaller first", {},
            "InvalidParameterValue");
  }

  void rules(const SecurityGroup& group, Direction direction) {
    std::map<std::string, SourcePosition> seen;
    for (const SecurityGroupRule& rule : group.rules(direction)) {
      traffic(rule.traffic, rule.at);
      const auto* list = std::get_if<PrefixListReference>(&rule.peer);
      if (list != nullptr && check_.complete && !lists_.contains(list->id))
        error(rule.at, "found " + quoted(list->id) + ", which no prefix list has", {},
              "InvalidPrefixListID.NotFound");
      const auto [same, is_new] = seen.emplace(rule_identity(direction, rule.traffic, rule.peer), rule.at);
      if (!is_new)
        error(rule.at, "found a rule of group " + quoted(group.name) + " a second time: " + same->first,
              where_the_first_stands(same->second), "InvalidPermission.Duplicate");
    }
  }

  void entries(std::size_t index, Direction direction) {
    const NetworkAcl& acl = check_.policy.network_acls[index];
    const bool ingress = direction == Direction::ingress;
    std::map<std::uint16_t, SourcePosition> numbers;
    const auto& entries = acl.entries(direction);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const NetworkAclEntry& entry = entries[i];
      const Field field = ingress ? Field::ingress_number : Field::egress_number;
      const SourcePosition at = check_.positions.find({Section::network_acl, index, field, i}, entry.at);
      traffic(entry.traffic, entry.at);
      if (entry.number == 0 || entry.number > max_rule_number)
        error(at, "found rule number " + std::to_string(entry.number) + ", expected 1 to 32766", {},
              "InvalidParameterValue");
      const auto [same, is_new] = numbers.emplace(entry.number, at);
      if (!is_new)
        error(at,
              "found rule number " + std::to_string(entry.number) + " a second time in the " +
                  std::string(to_string(direction)) + " entries",
              where_the_first_stands(same->second) + "; both families share one numbering",
              "NetworkAclEntryAlreadyExists");
    }
  }

  void list(const PrefixList& list, std::size_t index) {
    std::map<Prefix, SourcePosition> seen;
    for (std::size_t i = 0; i < list.entries.size(); ++i) {
      const PrefixListEntry& entry = list.entries[i];
      const SourcePosition at =
          check_.positions.find({Section::prefix_list, index, Field::entry_cidr, i}, entry.at);
      if (entry.cidr.base.family != list.entries.front().cidr.base.family)
        error(at, "found " + to_string(entry.cidr) + ", expected the family of the list's first entry",
              "one list per family", "InvalidParameterValue");
      const auto [same, is_new] = seen.emplace(entry.cidr, at);
      if (!is_new)
        error(at, "found " + to_string(entry.cidr) + " a second time in the list",
              where_the_first_stands(same->second), "InvalidPrefixListModification");
    }
    const SourcePosition max_at =
        check_.positions.find({Section::prefix_list, index, Field::max_entries}, list.at);
    const std::uint32_t quota = check_.policy.quotas.entries_per_prefix_list;
    if (list.max_entries == 0 || list.max_entries > quota)
      error(max_at,
            "found " + std::to_string(list.max_entries) + " maximum entries, expected 1 to " +
                std::to_string(quota),
            {}, list.max_entries == 0 ? "InvalidParameterValue" : "PrefixListMaxEntriesExceeded");
    if (list.entries.size() > list.max_entries)
      error(max_at,
            "found " + std::to_string(list.entries.size()) + " entries in a list of at most " +
                std::to_string(list.max_entries),
            "raise max_entries", "PrefixListMaxEntriesExceeded");
  }

  const PolicyCheck& check_;
  std::set<std::string> lists_;
};

}  // namespace

void check_rules(const PolicyCheck& check) { RuleCheck(check).run(); }

}  // namespace vpcwall

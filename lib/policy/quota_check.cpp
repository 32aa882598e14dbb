#include <array>
#include <map>

#include "policy/validate.h"

namespace vpcwall {
namespace {

constexpr std::array<Family, 2> families{Family::ipv4, Family::ipv6};
constexpr std::array<Direction, 2> directions{Direction::ingress, Direction::egress};

std::string name_of(Family family) { return family == Family::ipv4 ? "IPv4" : "IPv6"; }

class QuotaCheck {
 public:
  explicit QuotaCheck(const PolicyCheck& check) : check_(check), quotas_(check.policy.quotas) {
    for (const PrefixList& list : check.policy.prefix_lists) lists_.emplace(list.id, &list);
  }

  void run() {
    limits();
    objects();
    references();
    for (const SecurityGroup& group : check_.policy.security_groups)
      for (const Direction direction : directions)
        for (const Family family : families) rules(group, direction, family);
    for (const NetworkAcl& acl : check_.policy.network_acls)
      for (const Direction direction : directions)
        for (const Family family : families) entries(acl, direction, family);
  }

 private:
  void error(SourcePosition at, const std::string& message, const std::string& hint = {},
             std::string_view code = {}) {
    check_.reporter.error(at, message, hint, code);
  }

  void limit(const FieldPath& path, const std::string& key, std::uint32_t value, std::uint32_t largest,
             std::string_view code) {
    if (value == 0 || value > largest)
      error(check_.positions.find(path, {}),
            "found " + std::to_string(value) + " for " + key + ", expected 1 to " + std::to_string(largest),
            {}, code);
  }
  void quota(Field field, const std::string& key, std::uint32_t value, std::uint32_t largest) {
    limit({Section::quotas, 0, field}, key, value, largest, "InvalidParameterValue");
  }

  void limits() {
    quota(Field::groups_per_region, "groups_per_region", quotas_.groups_per_region, max_groups_per_region);
    quota(Field::groups_per_interface, "groups_per_interface", quotas_.groups_per_interface,
          max_groups_per_interface);
    quota(Field::rules_per_group, "rules_per_group", quotas_.rules_per_group, max_rules_on_interface);
    quota(Field::acls_per_vpc, "acls_per_vpc", quotas_.acls_per_vpc, max_acls_per_vpc);
    quota(Field::entries_per_acl, "entries_per_acl", quotas_.entries_per_acl, max_entries_per_acl);
    quota(Field::entries_per_prefix_list, "entries_per_prefix_list", quotas_.entries_per_prefix_list,
          max_entries_per_prefix_list);
    quota(Field::references_per_prefix_list, "references_per_prefix_list", quotas_.references_per_prefix_list,
          max_references_per_list);
    limit({Section::behavior, 0, Field::flows_per_interface}, "flows_per_interface",
          check_.policy.behavior.flows_per_interface, max_flows_per_interface, {});
    const std::uint64_t product = std::uint64_t{quotas_.groups_per_interface} * quotas_.rules_per_group;
    const bool each_good = quotas_.groups_per_interface <= max_groups_per_interface &&
                           quotas_.rules_per_group <= max_rules_on_interface;
    if (each_good && product > max_rules_on_interface) {
      const SourcePosition groups_at =
          check_.positions.find({Section::quotas, 0, Field::groups_per_interface}, {});
      error(check_.positions.find({Section::quotas, 0, Field::rules_per_group}, groups_at),
            "found groups_per_interface " + std::to_string(quotas_.groups_per_interface) +
                " times rules_per_group " + std::to_string(quotas_.rules_per_group) + " = " +
                std::to_string(product) + ", expected at most 1000",
            "lower one of the two", "InvalidParameterValue");
    }
  }

  // How many objects of a kind there are; the first that is too many is named.
  template <class Object>
  void count(const std::vector<Object>& all, std::size_t most, const std::string& what,
             const std::string& hint = {}, std::string_view code = {}) {
    if (most != 0 && all.size() > most)  // a quota of 0 is a mistake of its own
      error(all[most].at,
            "found " + std::to_string(all.size()) + ' ' + what + ", expected at most " + std::to_string(most),
            hint, code);
  }

  void objects() {
    const Policy& policy = check_.policy;
    count(policy.security_groups, quotas_.groups_per_region, "security groups",
          "quotas: groups_per_region can be raised", "SecurityGroupLimitExceeded");  // S-28
    count(policy.network_acls, quotas_.acls_per_vpc, "network ACLs", "quotas: acls_per_vpc can be raised",
          "NetworkAclLimitExceeded");  // N-27
    count(policy.interfaces, max_interfaces, "interfaces");
    count(policy.subnets, max_subnets, "subnets");
  }

  // S-30. AWS publishes no error code of its own for this quota.
  void references() {
    if (quotas_.references_per_prefix_list == 0) return;
    std::map<std::string, std::uint32_t> counts;
    for (const SecurityGroup& group : check_.policy.security_groups)
      for (const Direction direction : directions)
        for (const SecurityGroupRule& rule : group.rules(direction)) {
          const auto* list = std::get_if<PrefixListReference>(&rule.peer);
          if (list == nullptr || ++counts[list->id] != quotas_.references_per_prefix_list + 1) continue;
          const auto known = lists_.find(list->id);
          const bool named = known != lists_.end() && !known->second->name.empty();
          error(rule.at,
                "found more than " + std::to_string(quotas_.references_per_prefix_list) +
                    " rules with the prefix list " + quoted(named ? known->second->name : list->id),
                "quotas: references_per_prefix_list can be raised");
        }
  }

  [[nodiscard]] std::uint64_t weight(const SecurityGroupRule& rule, Family family) const {
    const auto* reference = std::get_if<PrefixListReference>(&rule.peer);
    const auto list = reference != nullptr ? lists_.find(reference->id) : lists_.end();
    return quota_weight(rule, family, list == lists_.end() ? nullptr : list->second);
  }

  void rules(const SecurityGroup& group, Direction direction, Family family) {
    std::uint64_t sum = 0;
    const SecurityGroupRule* over = nullptr;
    for (const SecurityGroupRule& rule : group.rules(direction)) {
      sum += weight(rule, family);
      if (over == nullptr && sum > quotas_.rules_per_group) over = &rule;
    }
    if (over == nullptr) return;
    error(over->at,
          "found " + std::to_string(sum) + ' ' + name_of(family) + ' ' + std::string(to_string(direction)) +
              " rules in group " + quoted(group.name) + ", expected at most " +
              std::to_string(quotas_.rules_per_group),
          "a prefix list counts as its max_entries, a group reference in both families; quotas: "
          "rules_per_group can be raised",
          "RulesPerSecurityGroupLimitExceeded");
  }

  // N-28: per direction and family; the final deny entries do not count.
  void entries(const NetworkAcl& acl, Direction direction, Family family) {
    std::uint32_t sum = 0;
    const NetworkAclEntry* over = nullptr;
    for (const NetworkAclEntry& entry : acl.entries(direction)) {
      if (entry.cidr.base.family == family) ++sum;
      if (over == nullptr && sum > quotas_.entries_per_acl) over = &entry;
    }
    if (over == nullptr) return;
    error(over->at,
          "found " + std::to_string(sum) + ' ' + name_of(family) + ' ' + std::string(to_string(direction)) +
              " entries in network ACL " + quoted(acl.name.empty() ? acl.id : acl.name) +
              ", expected at most " + std::to_string(quotas_.entries_per_acl),
          "quotas: entries_per_acl can be raised to 40", "NetworkAclEntryLimitExceeded");
  }

  const PolicyCheck& check_;
  const Quotas& quotas_;
  std::map<std::string, const PrefixList*> lists_;
};

}  // namespace

std::uint64_t quota_weight(const SecurityGroupRule& rule, Family family, const PrefixList* list) {
  if (const auto* prefix = std::get_if<Prefix>(&rule.peer)) return prefix->base.family == family ? 1 : 0;
  if (std::holds_alternative<GroupReference>(rule.peer)) return 1;
  if (list == nullptr) return 0;
  const bool counts = list->entries.empty() || list->entries.front().cidr.base.family == family;
  return counts ? list->max_entries : 0;
}

void check_quotas(const PolicyCheck& check) { QuotaCheck(check).run(); }

}  // namespace vpcwall

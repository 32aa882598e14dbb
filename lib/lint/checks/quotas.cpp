#include "lint/checks/quotas.h"

#include "policy/validate.h"

namespace vpcwall {
namespace {

constexpr std::string_view name_of(Family family) noexcept {
  return family == Family::ipv4 ? "IPv4 " : "IPv6 ";
}

class QuotaUse {
 public:
  explicit QuotaUse(Inspection& inspection)
      : inspection_(inspection),
        policy_(inspection.policy()),
        quotas_(inspection.policy().quotas),
        percent_(inspection.number("quotaPercent")) {}

  void run() {
    of_policy(policy_.security_groups, quotas_.groups_per_region, "security groups", "groups_per_region");
    of_policy(policy_.network_acls, quotas_.acls_per_vpc, "network ACLs", "acls_per_vpc");
    for (const Interface& interface : policy_.interfaces)
      look(interface, interface.security_groups.size(), quotas_.groups_per_interface, "groups",
           "groups_per_interface");
    for (const Direction direction : {Direction::ingress, Direction::egress})
      for (const Family family : {Family::ipv4, Family::ipv6}) lists(direction, family);
    for (const PrefixList& list : policy_.prefix_lists) {
      look(list, list.max_entries, quotas_.entries_per_prefix_list, "entries at most",
           "entries_per_prefix_list");
      look(list, inspection_.index().references(list), quotas_.references_per_prefix_list,
           "rules that name it", "references_per_prefix_list");
    }
  }

 private:
  [[nodiscard]] bool is_near(std::uint64_t used, std::uint32_t quota) const noexcept {
    return used * 100 >= std::uint64_t{quota} * percent_;
  }

  static std::string message(std::uint64_t used, std::uint32_t quota, const std::string& what,
                             const std::string& key) {
    return "has " + std::to_string(used) + ' ' + what + " of the " + std::to_string(quota) +
           " that the quota " + key + " permits";
  }

  template <class Object>
  void look(const Object& object, std::uint64_t used, std::uint32_t quota, const std::string& what,
            const std::string& key) {
    if (is_near(used, quota)) inspection_.report(object, message(used, quota, what, key));
  }

  template <class Object>
  void of_policy(const std::vector<Object>& all, std::uint32_t quota, const std::string& what,
                 const std::string& key) {
    look(all.empty() ? SourcePosition{} : all.back().at, all.size(), quota, what, key);
  }

  void lists(Direction direction, Family family) {
    const std::string kind = std::string(name_of(family)) + std::string(to_string(direction));
    for (const SecurityGroup& group : policy_.security_groups) {
      std::uint64_t sum = 0;
      for (const SecurityGroupRule& rule : group.rules(direction)) sum += weight(rule, family);
      look(group, sum, quotas_.rules_per_group, kind + " rules", "rules_per_group");
    }
    for (const NetworkAcl& acl : policy_.network_acls) {
      std::uint64_t sum = 0;
      for (const NetworkAclEntry& entry : acl.entries(direction))
        sum += entry.cidr.base.family == family ? 1 : 0;
      look(acl, sum, quotas_.entries_per_acl, kind + " entries", "entries_per_acl");
    }
  }

  [[nodiscard]] std::uint64_t weight(const SecurityGroupRule& rule, Family family) const {
    const auto* listed = std::get_if<PrefixListReference>(&rule.peer);
    return quota_weight(rule, family, listed != nullptr ? inspection_.index().list(listed->id) : nullptr);
  }

  Inspection& inspection_;
  const Policy& policy_;
  const Quotas& quotas_;
  std::uint32_t percent_;
};

}  // namespace

bool find_near_quotas(const Policy&, Inspection& inspection) {
  QuotaUse(inspection).run();
  return true;
}

}  // namespace vpcwall

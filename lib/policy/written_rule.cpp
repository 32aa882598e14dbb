#include "policy/written_rule.h"

#include <algorithm>
#include <array>
#include <utility>

#include "policy/compile.h"
#include "policy/identity.h"

namespace vpcwall {
namespace {

constexpr std::array directions{Direction::ingress, Direction::egress};

std::vector<Family> families_of(const Vpc& vpc) {
  const auto has = [&](Family family) {
    const auto of_family = [&](const Prefix& range) { return range.base.family == family; };
    return (vpc.cidr && of_family(*vpc.cidr)) || (vpc.ipv6_cidr && of_family(*vpc.ipv6_cidr)) ||
           std::any_of(vpc.secondary_cidrs.begin(), vpc.secondary_cidrs.end(), of_family);
  };
  std::vector<Family> families;
  for (const Family family : {Family::ipv4, Family::ipv6})
    if (has(family)) families.push_back(family);
  return families;
}

bool takes_all(const NetworkAclEntry& entry, Family family) {
  return !entry.traffic.protocol && entry.cidr.is_open() && entry.cidr.base.family == family;
}

bool takes_all(const SecurityGroupRule& rule, Family family) {
  const auto* prefix = std::get_if<Prefix>(&rule.peer);
  return !rule.traffic.protocol && prefix != nullptr && prefix->is_open() && prefix->base.family == family;
}

template <class Rules>
bool leaves_some(const Rules& rules, Family family) {
  return std::none_of(rules.begin(), rules.end(), [&](const auto& rule) { return takes_all(rule, family); });
}

class Lister {
 public:
  explicit Lister(const Policy& policy) : policy_(policy), families_(families_of(policy.vpc)) {}

  void acl(const NetworkAcl& acl) {
    if (acl.at.line == 0) return;
    for (const Direction direction : directions) {
      for (const NetworkAclEntry& entry : acl.entries(direction)) {
        const std::string match = std::string(entry.action == Action::allow ? "allow " : "deny ") +
                                  describe(entry.traffic) + ' ' + to_string(entry.cidr);
        add({{RuleKind::acl_entry, acl.id, direction, Family::ipv4, std::to_string(entry.number), match},
             acl.name,
             match,
             acl.at},
            entry.at);
      }
      for (const Family family : families_) {
        const std::string match = std::string("deny all ") + (family == Family::ipv4 ? "0.0.0.0/0" : "::/0");
        add({{RuleKind::acl_default, acl.id, direction, family, "*", match},
             acl.name,
             match,
             acl.at,
             false,
             meets(acl, family) && leaves_some(acl.entries(direction), family)});
      }
    }
  }

  void group(const SecurityGroup& group) {
    if (group.at.line == 0) return;
    for (const Direction direction : directions) {
      const std::vector<SecurityGroupRule>& rules = group.rules(direction);
      for (const SecurityGroupRule& rule : rules) {
        const std::string traffic = "allow " + describe(rule.traffic) + ' ';
        add({{RuleKind::group_rule, group.id, direction, Family::ipv4, rule.id,
              traffic + peer_identity(rule.peer)},
             group.name,
             traffic + name_of(rule.peer),
             group.at},
            rule.at);
      }
      const bool some = std::any_of(families_.begin(), families_.end(),
                                    [&](Family family) { return leaves_some(rules, family); });
      add({{RuleKind::group_default, group.id, direction, Family::ipv4, "*", "deny all"},
           group.name,
           "deny all",
           group.at,
           false,
           some && !is_closed(group)});
    }
  }

  std::vector<WrittenRule> take() { return std::move(rules_); }

 private:
  // Without rules, and nobody carries it: how the default group is made harmless.
  [[nodiscard]] bool is_closed(const SecurityGroup& group) const {
    const auto carries = [&](const Interface& interface) {
      const std::vector<std::string>& groups = interface.security_groups;
      return std::find(groups.begin(), groups.end(), group.id) != groups.end();
    };
    return group.ingress.empty() && group.egress.empty() &&
           std::none_of(policy_.interfaces.begin(), policy_.interfaces.end(), carries);
  }

  void add(WrittenRule rule, SourcePosition own = {}) {
    rule.written = own.line != 0;
    if (rule.written) rule.at = own;
    rules_.push_back(std::move(rule));
  }

  // Packets of that family cross a boundary that the ACL guards; so they might where it guards none yet.
  [[nodiscard]] bool meets(const NetworkAcl& acl, Family family) const {
    bool guards = false;
    for (const Subnet& subnet : policy_.subnets) {
      if (subnet.network_acl != acl.id) continue;
      if (family == Family::ipv4 ? subnet.cidr.has_value() : subnet.ipv6_cidr.has_value()) return true;
      guards = true;
    }
    return !guards;
  }

  template <class Object>
  static std::string name_in(const std::vector<Object>& all, const std::string& id, const char* what) {
    for (const Object& one : all)
      if (one.id == id) return what + (' ' + one.name);
    return id;
  }
  [[nodiscard]] std::string name_of(const Peer& peer) const {
    if (const auto* group = std::get_if<GroupReference>(&peer))
      return name_in(policy_.security_groups, group->id, "group");
    if (const auto* list = std::get_if<PrefixListReference>(&peer))
      return name_in(policy_.prefix_lists, list->id, "prefix list");
    return peer_identity(peer);
  }

  const Policy& policy_;
  std::vector<Family> families_;
  std::vector<WrittenRule> rules_;
};

}  // namespace

std::vector<WrittenRule> written_rules(const Policy& policy) {
  Lister lister(policy);
  for (const NetworkAcl& acl : policy.network_acls) lister.acl(acl);
  for (const SecurityGroup& group : policy.security_groups) lister.group(group);
  return lister.take();
}

std::string describe(const WrittenRule& rule) {
  const RuleIdentity& identity = rule.identity;
  const bool acl = identity.kind == RuleKind::acl_entry || identity.kind == RuleKind::acl_default;
  std::string text = (acl ? "network ACL " : "security group ") + rule.owner_name + ", ";
  text += to_string(identity.direction);
  if (identity.kind != RuleKind::group_rule) text += ' ' + identity.rule;
  return text + ": " + rule.match;
}

}  // namespace vpcwall

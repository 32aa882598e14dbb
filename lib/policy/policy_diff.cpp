#include "policy/policy_diff.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>

#include "policy/compile.h"
#include "policy/identity.h"

namespace vpcwall {
namespace {

template <class Object>
const Object* with_id(const std::vector<Object>& all, const std::string& id) {
  const auto found = std::find_if(all.begin(), all.end(), [&id](const Object& one) { return one.id == id; });
  return found != all.end() ? &*found : nullptr;
}

template <class Object>
std::string name_of(const std::vector<Object>& all, const std::string& id) {
  const Object* object = with_id(all, id);
  return object == nullptr || object->name.empty() ? id : object->name;
}

template <class Value>
std::string optional_text(const std::optional<Value>& value) {
  return value ? to_string(*value) : "none";
}

template <class Range, class Text>
std::string list_text(const Range& values, Text text) {
  std::string all;
  for (const auto& value : values) all += (all.empty() ? "" : ", ") + text(value);
  return all.empty() ? "none" : all;
}

std::string prefixes_text(const std::vector<Prefix>& prefixes) {
  return list_text(prefixes, [](const Prefix& prefix) {
    return prefix.is_host() ? to_string(prefix.base) : to_string(prefix);
  });
}

std::string described(const std::string& text, const std::string& description) {
  return description.empty() ? text : text + " \"" + description + '"';
}

class PolicyDiff {
 public:
  PolicyDiff(const Policy& before, const Policy& after) : before_(before), after_(after) {}

  std::vector<PolicyChange> run() {
    vpc();
    objects(ChangedObject::prefix_list, before_.prefix_lists, after_.prefix_lists,
            [this](const PrefixList* a, const PrefixList* b) { prefix_list(a, b); });
    objects(ChangedObject::security_group, before_.security_groups, after_.security_groups,
            [this](const SecurityGroup* a, const SecurityGroup* b) { group(a, b); });
    objects(ChangedObject::network_acl, before_.network_acls, after_.network_acls,
            [this](const NetworkAcl* a, const NetworkAcl* b) { acl(a, b); });
    objects(ChangedObject::subnet, before_.subnets, after_.subnets,
            [this](const Subnet* a, const Subnet* b) { subnet(a, b); });
    objects(ChangedObject::interface, before_.interfaces, after_.interfaces,
            [this](const Interface* a, const Interface* b) { interface(a, b); });
    settings();
    return std::move(changes_);
  }

 private:
  // The ones before, those that are new behind them.
  template <class Object, class Compare>
  void objects(ChangedObject kind, const std::vector<Object>& before, const std::vector<Object>& after,
               Compare compare) {
    const auto one = [&](const Object* a, const Object* b) {
      const Object& shown = b != nullptr ? *b : *a;
      current_ = begin(kind, shown.id, shown.name, a != nullptr ? a->at : SourcePosition{},
                       b != nullptr ? b->at : SourcePosition{});
      if (a == nullptr || b == nullptr) {
        PolicyChange change = current_;
        (a != nullptr ? change.before : change.after) = shown.name.empty() ? shown.id : shown.name;
        changes_.push_back(std::move(change));
      } else {
        part("name", a->name, b->name);
      }
      compare(a, b);
    };
    for (const Object& a : before) one(&a, with_id(after, a.id));
    for (const Object& b : after)
      if (with_id(before, b.id) == nullptr) one(nullptr, &b);
  }

  static PolicyChange begin(ChangedObject kind, const std::string& id, const std::string& name,
                            SourcePosition before, SourcePosition after) {
    PolicyChange change;
    change.object = kind;
    change.id = id;
    change.name = name;
    change.before_at = before;
    change.after_at = after;
    return change;
  }

  void part(std::string name, std::string a, std::string b) {
    if (a == b) return;
    PolicyChange change = current_;
    change.part = std::move(name);
    change.before = std::move(a);
    change.after = std::move(b);
    changes_.push_back(std::move(change));
  }
  [[nodiscard]] PolicyChange named(const char* part, std::optional<Direction> direction = std::nullopt,
                                   std::string rule = {}) const {
    PolicyChange change = current_;
    change.part = part;
    change.direction = direction;
    change.rule = std::move(rule);
    return change;
  }
  // A part with a place of its own; null where it is not there.
  template <class Part, class Text>
  void item(PolicyChange change, const Part* a, const Part* b, Text text_before, Text text_after) {
    change.before_at = a != nullptr ? a->at : SourcePosition{};
    change.after_at = b != nullptr ? b->at : SourcePosition{};
    if (a != nullptr) change.before = text_before(*a);
    if (b != nullptr) change.after = text_after(*b);
    if (change.before != change.after) changes_.push_back(std::move(change));
  }

  void vpc() {
    current_ = begin(ChangedObject::vpc, {}, {}, before_.vpc.at, after_.vpc.at);
    part("cidr", optional_text(before_.vpc.cidr), optional_text(after_.vpc.cidr));
    part("ipv6_cidr", optional_text(before_.vpc.ipv6_cidr), optional_text(after_.vpc.ipv6_cidr));
    part("secondary_cidrs", prefixes_text(before_.vpc.secondary_cidrs),
         prefixes_text(after_.vpc.secondary_cidrs));
    part("router_mac", optional_text(before_.vpc.router_mac), optional_text(after_.vpc.router_mac));
  }

  void prefix_list(const PrefixList* a, const PrefixList* b) {
    if (a != nullptr && b != nullptr)
      part("max_entries", std::to_string(a->max_entries), std::to_string(b->max_entries));
    const auto text = [](const PrefixListEntry& entry) {
      return described(to_string(entry.cidr), entry.description);
    };
    const auto find = [](const PrefixList* list, const Prefix& cidr) -> const PrefixListEntry* {
      if (list == nullptr) return nullptr;
      const auto found = std::find_if(list->entries.begin(), list->entries.end(),
                                      [&cidr](const PrefixListEntry& entry) { return entry.cidr == cidr; });
      return found != list->entries.end() ? &*found : nullptr;
    };
    if (a != nullptr)
      for (const PrefixListEntry& entry : a->entries)
        item(named("entry"), &entry, find(b, entry.cidr), text, text);
    if (b != nullptr)
      for (const PrefixListEntry& entry : b->entries)
        if (find(a, entry.cidr) == nullptr)
          item<PrefixListEntry>(named("entry"), nullptr, &entry, text, text);
  }

  void group(const SecurityGroup* a, const SecurityGroup* b) {
    if (a != nullptr && b != nullptr) part("description", a->description, b->description);
    static const std::vector<SecurityGroupRule> nothing;
    for (const Direction direction : {Direction::ingress, Direction::egress})
      rules(direction, a != nullptr ? a->rules(direction) : nothing,
            b != nullptr ? b->rules(direction) : nothing);
  }

  // By what they match; what is left over by id.
  void rules(Direction direction, const std::vector<SecurityGroupRule>& a,
             const std::vector<SecurityGroupRule>& b) {
    std::map<std::string, const SecurityGroupRule*> by_match, by_id;
    for (const SecurityGroupRule& rule : b)
      by_match[rule_identity(direction, rule.traffic, rule.peer)] = &rule;
    std::vector<std::pair<const SecurityGroupRule*, const SecurityGroupRule*>> pairs;
    for (const SecurityGroupRule& rule : a) {
      const auto same = by_match.find(rule_identity(direction, rule.traffic, rule.peer));
      pairs.emplace_back(&rule, same != by_match.end() ? same->second : nullptr);
      if (same != by_match.end()) by_match.erase(same);
    }
    for (const auto& [match, rule] : by_match) by_id[rule->id] = rule;
    for (auto& [old, now] : pairs) {
      if (const auto same = by_id.find(old->id); now == nullptr && same != by_id.end()) {
        now = same->second;
        by_id.erase(same);
      }
      rule_item(direction, old, now);
    }
    for (const SecurityGroupRule& rule : b)
      if (const auto left = by_id.find(rule.id); left != by_id.end() && left->second == &rule)
        rule_item(direction, nullptr, &rule);
  }

  void rule_item(Direction direction, const SecurityGroupRule* a, const SecurityGroupRule* b) {
    using Text = std::function<std::string(const SecurityGroupRule&)>;
    const auto text_under = [](const Policy& policy) -> Text {
      return [&policy](const SecurityGroupRule& rule) {
        return described("allow " + describe(rule.traffic) + ' ' + peer_text(policy, rule.peer),
                         rule.description);
      };
    };
    item(named("rule", direction, b != nullptr ? b->id : a->id), a, b, text_under(before_),
         text_under(after_));
  }

  static std::string peer_text(const Policy& policy, const Peer& peer) {
    if (const auto* reference = std::get_if<GroupReference>(&peer))
      return "group " + name_of(policy.security_groups, reference->id);
    if (const auto* reference = std::get_if<PrefixListReference>(&peer))
      return "prefix list " + name_of(policy.prefix_lists, reference->id);
    return peer_identity(peer);
  }

  void acl(const NetworkAcl* a, const NetworkAcl* b) {
    static const std::vector<NetworkAclEntry> nothing;
    for (const Direction direction : {Direction::ingress, Direction::egress})
      entries(direction, a != nullptr ? a->entries(direction) : nothing,
              b != nullptr ? b->entries(direction) : nothing);
  }

  void entries(Direction direction, const std::vector<NetworkAclEntry>& a,
               const std::vector<NetworkAclEntry>& b) {
    std::map<std::uint16_t, std::pair<const NetworkAclEntry*, const NetworkAclEntry*>> numbers;
    for (const NetworkAclEntry& entry : a) numbers[entry.number].first = &entry;
    for (const NetworkAclEntry& entry : b) numbers[entry.number].second = &entry;
    const auto text = [](const NetworkAclEntry& entry) {
      return (entry.action == Action::allow ? "allow " : "deny ") + describe(entry.traffic) + ' ' +
             to_string(entry.cidr);
    };
    for (const auto& [number, pair] : numbers)
      item(named("entry", direction, std::to_string(number)), pair.first, pair.second, text, text);
  }

  void subnet(const Subnet* a, const Subnet* b) {
    if (a == nullptr || b == nullptr) return;
    part("cidr", optional_text(a->cidr), optional_text(b->cidr));
    part("ipv6_cidr", optional_text(a->ipv6_cidr), optional_text(b->ipv6_cidr));
    if (a->network_acl != b->network_acl)
      part("network_acl", name_of(before_.network_acls, a->network_acl),
           name_of(after_.network_acls, b->network_acl));
  }

  void interface(const Interface* a, const Interface* b) {
    if (a == nullptr || b == nullptr) return;
    const auto groups = [](const Policy& policy, const Interface& one) {
      return list_text(one.security_groups,
                       [&policy](const std::string& id) { return name_of(policy.security_groups, id); });
    };
    constexpr std::array types{"interface", "nat_gateway", "transit_gateway"};
    const auto tracking = [](const Tracking& one) {
      return "tcp_established " + std::to_string(one.tcp_established) + ", udp " + std::to_string(one.udp) +
             ", udp_stream " + std::to_string(one.udp_stream);
    };
    part("type", types.at(static_cast<std::size_t>(a->type)), types.at(static_cast<std::size_t>(b->type)));
    if (a->subnet != b->subnet)
      part("subnet", name_of(before_.subnets, a->subnet), name_of(after_.subnets, b->subnet));
    part("addresses", prefixes_text(a->addresses), prefixes_text(b->addresses));
    if (a->security_groups != b->security_groups)
      part("security_groups", groups(before_, *a), groups(after_, *b));
    part("source_dest_check", a->source_dest_check ? "true" : "false",
         b->source_dest_check ? "true" : "false");
    part("tracking", tracking(a->tracking), tracking(b->tracking));
    part("device", a->device.empty() ? "none" : a->device, b->device.empty() ? "none" : b->device);
  }

  void settings() {
    current_ = begin(ChangedObject::setting, {}, "quotas", {}, {});
    constexpr std::array<std::pair<const char*, std::uint32_t Quotas::*>, 7> quotas{
        {{"groups_per_region", &Quotas::groups_per_region},
         {"groups_per_interface", &Quotas::groups_per_interface},
         {"rules_per_group", &Quotas::rules_per_group},
         {"acls_per_vpc", &Quotas::acls_per_vpc},
         {"entries_per_acl", &Quotas::entries_per_acl},
         {"entries_per_prefix_list", &Quotas::entries_per_prefix_list},
         {"references_per_prefix_list", &Quotas::references_per_prefix_list}}};
    for (const auto& [name, quota] : quotas)
      part(name, std::to_string(before_.quotas.*quota), std::to_string(after_.quotas.*quota));
    current_.name = "auto_tracked";
    part("", prefixes_text(before_.auto_tracked), prefixes_text(after_.auto_tracked));
    current_.name = "behavior";
    const Behavior &a = before_.behavior, &b = after_.behavior;
    const auto midstream = [](const Behavior& one) {
      return one.tcp_midstream == Behavior::TcpMidstream::strict ? "strict" : "loose";
    };
    const auto related = [](const Behavior& one) {
      return one.icmp_related == Behavior::IcmpRelated::aws ? "aws" : "linux";
    };
    part("tcp_midstream", midstream(a), midstream(b));
    part("icmp_related", related(a), related(b));
    part("unlisted_addresses", std::string(to_string(a.unlisted_addresses)),
         std::string(to_string(b.unlisted_addresses)));
    part("flows_per_interface", std::to_string(a.flows_per_interface), std::to_string(b.flows_per_interface));
    part("sg_identity_lost", prefixes_text(a.sg_identity_lost), prefixes_text(b.sg_identity_lost));
  }

  const Policy& before_;
  const Policy& after_;
  PolicyChange current_;  // what a change of the object at hand has in common
  std::vector<PolicyChange> changes_;
};

}  // namespace

std::string_view to_string(ChangedObject kind) noexcept {
  switch (kind) {
    case ChangedObject::vpc: return "vpc";
    case ChangedObject::prefix_list: return "prefix-list";
    case ChangedObject::security_group: return "security-group";
    case ChangedObject::network_acl: return "network-acl";
    case ChangedObject::subnet: return "subnet";
    case ChangedObject::interface: return "interface";
    case ChangedObject::setting: return "setting";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

std::vector<PolicyChange> diff_policies(const Policy& before, const Policy& after) {
  return PolicyDiff(before, after).run();
}

}  // namespace vpcwall

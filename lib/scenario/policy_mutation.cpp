#include "scenario/policy_mutation.h"

#include <algorithm>

#include "policy/compile.h"
#include "policy/validate.h"

namespace vpcwall {
namespace {

template <class Object>
Object* find(std::vector<Object>& all, const std::string& id) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Object& one) { return one.id == id; });
  return found != all.end() ? &*found : nullptr;
}

std::vector<NetworkAclEntry>& entries(Policy& policy, const RuleIdentity& identity) {
  NetworkAcl& acl = *find(policy.network_acls, identity.owner);
  return identity.direction == Direction::ingress ? acl.ingress : acl.egress;
}

std::vector<SecurityGroupRule>& rules(Policy& policy, const RuleIdentity& identity) {
  SecurityGroup& group = *find(policy.security_groups, identity.owner);
  return identity.direction == Direction::ingress ? group.ingress : group.egress;
}

std::vector<NetworkAclEntry>::iterator entry_of(Policy& policy, const RuleIdentity& identity) {
  auto& all = entries(policy, identity);
  return std::find_if(all.begin(), all.end(), [&](const NetworkAclEntry& one) {
    return std::to_string(one.number) == identity.rule;
  });
}

std::vector<SecurityGroupRule>::iterator rule_of(Policy& policy, const RuleIdentity& identity) {
  auto& all = rules(policy, identity);
  return std::find_if(all.begin(), all.end(),
                      [&](const SecurityGroupRule& one) { return one.id == identity.rule; });
}

bool is_entry(const RuleIdentity& identity) noexcept { return identity.kind == RuleKind::acl_entry; }

// Puts the mistake into the rule that has `identity` in `policy`; false when it cannot.
class Mutator {
 public:
  Mutator(Policy& policy, const RuleIdentity& identity, const RuleIdentity* other)
      : policy_(policy), identity_(identity), other_(other) {}

  bool operator()(const DeleteRule&) {
    if (is_entry(identity_)) {
      entries(policy_, identity_).erase(entry_of(policy_, identity_));
    } else {
      rules(policy_, identity_).erase(rule_of(policy_, identity_));
    }
    return true;
  }
  bool operator()(const FlipAction&) {
    Action& action = entry_of(policy_, identity_)->action;
    action = action == Action::allow ? Action::deny : Action::allow;
    return true;
  }
  bool operator()(const SetPorts& set) {
    (is_entry(identity_) ? entry_of(policy_, identity_)->traffic : rule_of(policy_, identity_)->traffic)
        .ports = set.ports;
    return true;
  }
  bool operator()(const SetCidr& set) {
    if (is_entry(identity_)) {
      entry_of(policy_, identity_)->cidr = set.cidr;
    } else {
      rule_of(policy_, identity_)->peer = set.cidr;
    }
    return true;
  }
  bool operator()(const SwapNumbers&) {
    if (other_ == nullptr) return false;
    std::swap(entry_of(policy_, identity_)->number, entry_of(policy_, *other_)->number);
    return true;
  }

 private:
  Policy& policy_;
  const RuleIdentity& identity_;
  const RuleIdentity* other_;
};

class Collector {
 public:
  Collector(const Policy& policy, const std::vector<std::string>& sources)
      : policy_(policy), sources_(sources), all_(written_rules(policy)) {}

  std::vector<Mutation> collect() {
    for (const WrittenRule& rule : all_) {
      if (rule.identity.kind == RuleKind::acl_entry) entry(rule);
      if (rule.identity.kind == RuleKind::group_rule) group_rule(rule);
    }
    return std::move(mutations_);
  }

 private:
  void add(const WrittenRule& rule, decltype(Mutation::what) what, std::string text) {
    mutations_.push_back({place_of(rule, sources_), rule, std::move(what), std::move(text)});
  }

  void entry(const WrittenRule& written) {
    const NetworkAclEntry& entry = *entry_of(policy_, written.identity);
    add(written, DeleteRule{}, "deleted");
    add(written, FlipAction{},
        entry.action == Action::allow ? "allow flipped to deny" : "deny flipped to allow");
    ports(written, entry.traffic);
    cidr(written, entry.cidr);
    swap(written, entry);
  }

  void group_rule(const WrittenRule& written) {
    const SecurityGroupRule& rule = *rule_of(policy_, written.identity);
    add(written, DeleteRule{}, "deleted");
    ports(written, rule.traffic);
    if (const auto* prefix = std::get_if<Prefix>(&rule.peer)) cidr(written, *prefix);
  }

  void ports(const WrittenRule& rule, const Traffic& traffic) {
    if (!traffic.protocol || !has_ports(*traffic.protocol) || traffic.ports.is_all()) return;
    const auto [first, last] = traffic.ports;
    const auto set = [&](int from, int to, const char* how) {
      if (from < 0 || to > 65535 || from > to) return;
      const PortRange range{static_cast<std::uint16_t>(from), static_cast<std::uint16_t>(to)};
      add(rule, SetPorts{range}, "ports " + to_string(traffic.ports) + how + to_string(range));
    };
    set(first - 1, last, " widened to ");
    set(first, last + 1, " widened to ");
    set(first + 1, last, " narrowed to ");
    set(first, last - 1, " narrowed to ");
  }

  void cidr(const WrittenRule& rule, const Prefix& prefix) {
    if (prefix.length == 0) return;
    const Prefix wider = make_prefix(prefix.base, static_cast<std::uint8_t>(prefix.length - 1));
    add(rule, SetCidr{wider}, to_string(prefix) + " widened to " + to_string(wider));
  }

  // With the entry of the next number in the same list: the two families are lists of their own (N-8).
  void swap(const WrittenRule& written, const NetworkAclEntry& entry) {
    const NetworkAclEntry* next = nullptr;
    for (const NetworkAclEntry& one : entries(policy_, written.identity))
      if (one.cidr.base.family == entry.cidr.base.family && one.number > entry.number &&
          (next == nullptr || one.number < next->number))
        next = &one;
    if (next == nullptr) return;
    RuleIdentity identity = written.identity;
    identity.rule = std::to_string(next->number);
    const auto other = std::find_if(all_.begin(), all_.end(), [&](const WrittenRule& one) {
      return one.identity.kind == identity.kind && one.identity.owner == identity.owner &&
             one.identity.direction == identity.direction && one.identity.rule == identity.rule;
    });
    if (other == all_.end()) return;
    add(written, SwapNumbers{place_of(*other, sources_)},
        "numbers " + written.identity.rule + " and " + identity.rule + " swapped");
  }

  Policy policy_;
  const std::vector<std::string>& sources_;
  std::vector<WrittenRule> all_;
  std::vector<Mutation> mutations_;
};

const WrittenRule* find(const std::vector<WrittenRule>& all, const std::vector<std::string>& sources,
                        const RulePlace& place) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const WrittenRule& one) {
    return one.at.line == place.line && one.at.column == place.column && place_of(one, sources) == place;
  });
  return found != all.end() ? &*found : nullptr;
}

}  // namespace

std::vector<Mutation> mutations_of(const Policy& policy, const std::vector<std::string>& sources) {
  return Collector(policy, sources).collect();
}

std::optional<Policy> mutate(const Policy& policy, const std::vector<std::string>& sources,
                             const Mutation& mutation) {
  const std::vector<WrittenRule> all = written_rules(policy);
  const WrittenRule* rule = find(all, sources, mutation.place);
  if (rule == nullptr) return std::nullopt;
  const auto* swap = std::get_if<SwapNumbers>(&mutation.what);
  const WrittenRule* other = swap != nullptr ? find(all, sources, swap->other) : nullptr;
  Policy mutated = policy;
  Mutator mutator(mutated, rule->identity, other != nullptr ? &other->identity : nullptr);
  if (!std::visit(mutator, mutation.what) || has_errors(validate(mutated))) return std::nullopt;
  return mutated;
}

}  // namespace vpcwall

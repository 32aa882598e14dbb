#include "observe/bound_filter.h"

#include <algorithm>

#include "policy/nearest_word.h"

namespace vpcwall {
namespace {

bool names(const std::vector<std::string>& wanted, const std::string& id, const std::string& name) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const std::string& one) { return one == id || one == name; });
}

bool is_of_acl(const RuleIdentity& identity) noexcept {
  return identity.kind == RuleKind::acl_entry || identity.kind == RuleKind::acl_default;
}

bool is_member(const CompiledInterface& interface, const std::vector<std::string>& groups) {
  return std::any_of(
      interface.member_of.begin(), interface.member_of.end(),
      [&](const CompiledInterface::Membership& one) { return names(groups, one.id, one.name); });
}

// The rules of the groups, and the implicit denies of the interfaces that have them.
std::vector<bool> slots_of_groups(const std::vector<std::string>& groups, const CompiledPolicy& policy,
                                  const CounterSlots& slots) {
  std::vector<bool> table(slots.size());
  for (CounterSlot slot = 0; slot < slots.size(); ++slot)
    table[slot] = slots.identity(slot).kind == RuleKind::group_rule &&
                  names(groups, slots.identity(slot).owner, slots.owner_name(slot));
  for (const CompiledInterface& interface : policy.interfaces) {
    if (!is_member(interface, groups)) continue;
    for (const CounterSlot slot : interface.default_slots)
      if (slot != no_slot) table[slot] = true;
  }
  return table;
}

std::vector<bool> slots_of_acls(const std::vector<std::string>& acls, const CounterSlots& slots) {
  std::vector<bool> table(slots.size());
  for (CounterSlot slot = 0; slot < slots.size(); ++slot)
    table[slot] =
        is_of_acl(slots.identity(slot)) && names(acls, slots.identity(slot).owner, slots.owner_name(slot));
  return table;
}

bool holds(const std::vector<bool>& table, CounterSlot slot) noexcept {
  return slot < table.size() && table[slot];
}

template <class Value, class Test>
bool none_or_any(const std::vector<Value>& values, Test&& test) noexcept {
  return values.empty() || std::any_of(values.begin(), values.end(), std::forward<Test>(test));
}

class Unknown {
 public:
  Unknown(const char* kind, const std::vector<std::string>& wanted, std::vector<std::string>& sentences)
      : kind_(kind), sentences_(sentences) {
    for (const std::string& one : wanted) candidates_.push_back({one, NearestWord(one), false});
  }
  Unknown(const Unknown&) = delete;
  Unknown& operator=(const Unknown&) = delete;
  ~Unknown() = default;

  void offer(const std::string& word) {
    for (Candidate& candidate : candidates_) {
      candidate.known |= candidate.wanted == word;
      candidate.nearest.offer(word);
    }
  }
  void tell() const {
    for (const Candidate& candidate : candidates_) {
      if (candidate.known) continue;
      std::string sentence =
          std::string("no ") + kind_ + " \"" + candidate.wanted + "\" in the policy in force";
      if (candidate.nearest.best()) sentence += "; did you mean \"" + *candidate.nearest.best() + "\"?";
      sentences_.push_back(std::move(sentence));
    }
  }

 private:
  struct Candidate {
    const std::string& wanted;
    NearestWord nearest;
    bool known;
  };
  const char* kind_;
  std::vector<std::string>& sentences_;
  std::vector<Candidate> candidates_;
};

}  // namespace

BoundFilter::BoundFilter(const DecisionFilter& filter, const CompiledPolicy& policy,
                         const CounterSlots& slots)
    : generation_(policy.generation),
      filter_(filter),
      asks_for_packet_(!filter.protocols.empty() || !filter.ports.empty() || !filter.sources.empty() ||
                       !filter.destinations.empty() || !filter.either_end.empty()),
      asks_for_gates_(!filter.interfaces.empty() || !filter.groups.empty() || !filter.acls.empty() ||
                      !filter.rules.empty()) {
  if (!filter.interfaces.empty())
    for (const CompiledInterface& interface : policy.interfaces)
      interfaces_.push_back(names(filter.interfaces, interface.id, interface.name));
  if (!filter.groups.empty()) groups_ = slots_of_groups(filter.groups, policy, slots);
  if (!filter.acls.empty()) acls_ = slots_of_acls(filter.acls, slots);
  if (filter.rules.empty()) return;
  rules_.resize(slots.size());
  for (CounterSlot slot = 0; slot < slots.size(); ++slot) {
    const bool of_owner = (groups_.empty() && acls_.empty()) || holds(groups_, slot) || holds(acls_, slot);
    rules_[slot] = of_owner && names(filter.rules, slots.identity(slot).rule, {});
  }
}

bool BoundFilter::passes(const Expected<Packet, ParseError>& packet,
                         const Decision& decision) const noexcept {
  if (filter_.denied && decision.verdict != Verdict::drop) return false;
  if (asks_for_packet_ && (!packet || !passes(*packet))) return false;
  return !asks_for_gates_ || passes(decision);
}

bool BoundFilter::passes(const Packet& packet) const noexcept {
  const auto is_its_protocol = [&](Protocol one) { return one == packet.protocol; };
  const bool has_its_ports = has_ports(packet.protocol) && packet.transport == Transport::whole;
  const auto is_its_port = [&](const PortRange& one) {
    return has_its_ports && (one.contains(packet.source_port) || one.contains(packet.destination_port));
  };
  const auto has_source = [&](const Prefix& one) { return one.contains(packet.source); };
  const auto has_destination = [&](const Prefix& one) { return one.contains(packet.destination); };
  const auto has_either = [&](const Prefix& one) { return has_source(one) || has_destination(one); };
  return none_or_any(filter_.protocols, is_its_protocol) && none_or_any(filter_.ports, is_its_port) &&
         none_or_any(filter_.sources, has_source) && none_or_any(filter_.destinations, has_destination) &&
         none_or_any(filter_.either_end, has_either);
}

bool BoundFilter::passes(const Decision& decision) const noexcept {
  bool interface = filter_.interfaces.empty(), group = filter_.groups.empty(), acl = filter_.acls.empty(),
       rule = filter_.rules.empty();
  for (std::size_t i = 0; i < decision.gate_size; ++i) {
    const GateOutcome& gate = decision.gates[i];
    interface |= gate.interface < interfaces_.size() && interfaces_[gate.interface];
    // The gates before the one that refused did not decide the packet's fate.
    if (decision.verdict == Verdict::drop && i + 1 < decision.gate_size) continue;
    group |= holds(groups_, gate.rule);
    acl |= holds(acls_, gate.rule);
    rule |= holds(rules_, gate.rule);
  }
  return interface && group && acl && rule;
}

std::vector<std::string> unknown_names(const DecisionFilter& filter, const CompiledPolicy& policy,
                                       const CounterSlots& slots) {
  std::vector<std::string> sentences;
  Unknown interfaces("interface", filter.interfaces, sentences);
  Unknown groups("interface has a security group", filter.groups, sentences);
  Unknown acls("network ACL", filter.acls, sentences);
  Unknown rules("rule or entry", filter.rules, sentences);
  for (const CompiledInterface& interface : policy.interfaces) {
    interfaces.offer(interface.name);
    interfaces.offer(interface.id);
    for (const CompiledInterface::Membership& group : interface.member_of) {
      groups.offer(group.name);
      groups.offer(group.id);
    }
  }
  for (const CompiledAcl& acl : policy.acls) {
    acls.offer(acl.name);
    acls.offer(acl.id);
  }
  for (const CounterSlot slot : active_slots(policy)) rules.offer(slots.identity(slot).rule);
  for (const Unknown* kind : {&interfaces, &groups, &acls, &rules}) kind->tell();
  return sentences;
}

}  // namespace vpcwall

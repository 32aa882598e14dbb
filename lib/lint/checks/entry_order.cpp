#include "lint/checks/entry_order.h"

#include <algorithm>
#include <array>
#include <set>

#include "lint/cells.h"

namespace vpcwall {
namespace {

constexpr std::string_view gateway_id = "eni-0";

// The ACL alone, in front of a gateway: no group has a say (N-29), and every packet crosses the subnet's
// boundary.
Policy alone(const NetworkAcl& acl) {
  Policy policy;
  policy.network_acls = {acl};
  policy.default_network_acl = acl.id;
  Subnet& subnet = policy.subnets.emplace_back();
  subnet.id = "subnet-0";
  subnet.network_acl = acl.id;
  Interface& gateway = policy.interfaces.emplace_back();
  gateway.id = gateway_id;
  gateway.type = Interface::Type::nat_gateway;
  gateway.subnet = subnet.id;
  gateway.source_dest_check = false;
  return policy;
}

const IpAddress& own_address(Family family) {
  static const std::array addresses{*parse_address("192.0.2.1"), *parse_address("2001:db8::1")};
  return addresses.at(static_cast<std::size_t>(family));
}

bool comes_before(const NetworkAclEntry* a, const NetworkAclEntry* b) { return a->number < b->number; }

// Which entry of one list decides about each cell. Judged once, when it is made.
class EntryOrder {
 public:
  struct Judged {
    TrafficKind kind = 0;
    IpAddress peer;
    Verdict verdict = Verdict::drop;
    std::string decided_by;
  };

  EntryOrder(const NetworkAcl& acl, Direction direction, Family family, QuestionBudget& budget)
      : acl_(acl), direction_(direction), budget_(budget) {
    for (const NetworkAclEntry& entry : acl.entries(direction))
      if (entry.cidr.base.family == family) entries_.push_back(&entry);
    std::sort(entries_.begin(), entries_.end(), comes_before);
    if (!entries_.empty()) judge(family);
  }

  [[nodiscard]] const std::vector<const NetworkAclEntry*>& entries() const noexcept { return entries_; }

  // The cells that the entry matches; none when the budget was used up.
  [[nodiscard]] std::vector<const Judged*> matched_by(const NetworkAclEntry& entry) const {
    const TrafficKinds kinds = whole_kinds(traffic_of(entry));
    std::vector<const Judged*> matched;
    for (const Judged& one : judged_)
      if (kinds.contains(one.kind) && entry.cidr.contains(one.peer)) matched.push_back(&one);
    return matched;
  }

  // Which entries would decide about these cells if the entry were not there; nothing when one of them
  // would get another verdict.
  [[nodiscard]] std::optional<std::set<std::string>> without(const NetworkAclEntry& entry,
                                                             const std::vector<const Judged*>& cells) {
    NetworkAcl rest = acl_;
    auto& entries = direction_ == Direction::ingress ? rest.ingress : rest.egress;
    std::erase_if(entries, [&](const NetworkAclEntry& one) { return one.number == entry.number; });
    Probe other(alone(rest), budget_);
    std::set<std::string> deciders;
    for (const Judged* judged : cells) {
      const Decision decision = other.ask(packet_of(judged->kind, judged->peer), journey(other));
      const auto number = other.deciding_entry(decision);
      if (decision.verdict != judged->verdict || !number || !budget_.may_ask()) return std::nullopt;
      deciders.insert(*number);
    }
    return deciders;
  }

 private:
  void judge(Family family) {
    Cuts cuts;
    for (const NetworkAclEntry* entry : entries_) {
      cuts.at(traffic_of(*entry));
      cuts.at(entry->cidr);
    }
    Probe probe(alone(acl_), budget_);
    for (const Cell& cell : cuts.cells(compile_traffic({}), make_prefix({0, 0, family}, 0))) {
      const auto peer = probe.peer_between(cell.first, cell.last);
      if (!peer) continue;
      const Decision decision = probe.ask(packet_of(cell.kind, *peer), journey(probe));
      if (auto number = probe.deciding_entry(decision))
        judged_.push_back({cell.kind, *peer, decision.verdict, std::move(*number)});
    }
    if (!budget_.may_ask()) judged_.clear();
  }

  [[nodiscard]] Packet packet_of(TrafficKind kind, const IpAddress& peer) const {
    return make_witness(kind, own_address(peer.family), peer, direction_);
  }

  [[nodiscard]] Journey journey(const Probe& probe) const {
    Interface gateway;
    gateway.id = gateway_id;
    return direction_ == Direction::ingress ? probe.entering(gateway) : probe.leaving(gateway);
  }

  const NetworkAcl& acl_;
  Direction direction_;
  QuestionBudget& budget_;
  std::vector<const NetworkAclEntry*> entries_;
  std::vector<Judged> judged_;
};

bool covers(const NetworkAclEntry& wide, const NetworkAclEntry& narrow) {
  const TrafficKinds outer = whole_kinds(traffic_of(wide)), inner = whole_kinds(traffic_of(narrow));
  return outer.first <= inner.first && inner.last <= outer.last && wide.cidr.contains(narrow.cidr);
}

// "entry 100 (allow all 0.0.0.0/0)", "entries 100 (…) and 110 (…)"
std::string list_of(const std::vector<const NetworkAclEntry*>& entries) {
  std::string text = entries.size() == 1 ? "entry " : "entries ";
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i != 0) text += i + 1 == entries.size() ? " and " : ", ";
    text += std::to_string(entries[i]->number) + " (" + describe(*entries[i]) + ')';
  }
  return text;
}

void report_shadowed(const NetworkAcl& acl, Direction direction, const NetworkAclEntry& entry,
                     const EntryOrder& order, const std::set<std::string>& deciders, Inspection& inspection) {
  std::vector<const NetworkAclEntry*> before;
  for (const NetworkAclEntry* one : order.entries()) {
    if (one->number < entry.number && covers(*one, entry)) {
      before = {one};
      break;
    }
    if (deciders.contains(std::to_string(one->number))) before.push_back(one);
  }
  const bool contradicts = std::any_of(
      before.begin(), before.end(), [&](const NetworkAclEntry* one) { return one->action != entry.action; });
  std::string message = "never decides: " + list_of(before) +
                        (before.size() == 1 ? " matches first whatever it matches"
                                            : " together match first whatever it matches");
  if (contradicts)
    message += entry.action == Action::deny ? ", so that what it denies is allowed"
                                            : ", so that what it allows is denied";
  inspection.report(
      acl, direction, entry, std::move(message),
      contradicts ? "give it a lower number than " + std::to_string(before.front()->number) + ", or remove it"
                  : "remove it");
}

// Calls `look` for every list that has entries.
template <class Look>
bool for_each_list(const NetworkAcl& acl, Inspection& inspection, Look look) {
  for (const Direction direction : {Direction::ingress, Direction::egress})
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      EntryOrder order(acl, direction, family, inspection.budget());
      for (const NetworkAclEntry* entry : order.entries()) look(direction, *entry, order);
    }
  return true;
}

}  // namespace

bool find_shadowed_entries(const NetworkAcl& acl, Inspection& inspection) {
  return for_each_list(acl, inspection,
                       [&](Direction direction, const NetworkAclEntry& entry, EntryOrder& order) {
                         std::set<std::string> deciders;
                         for (const EntryOrder::Judged* judged : order.matched_by(entry))
                           deciders.insert(judged->decided_by);
                         if (!deciders.empty() && !deciders.contains(std::to_string(entry.number)))
                           report_shadowed(acl, direction, entry, order, deciders, inspection);
                       });
}

bool find_redundant_entries(const NetworkAcl& acl, Inspection& inspection) {
  return for_each_list(
      acl, inspection, [&](Direction direction, const NetworkAclEntry& entry, EntryOrder& order) {
        std::vector<const EntryOrder::Judged*> own = order.matched_by(entry);
        std::erase_if(own, [&](const EntryOrder::Judged* judged) {
          return judged->decided_by != std::to_string(entry.number);
        });
        const auto deciders = own.empty() ? std::nullopt : order.without(entry, own);
        if (!deciders) return;
        std::vector<const NetworkAclEntry*> others;
        for (const NetworkAclEntry* one : order.entries())
          if (deciders->contains(std::to_string(one->number))) others.push_back(one);
        std::string decide = others.empty() ? "`*`" : list_of(others);
        if (!others.empty() && deciders->contains("*")) decide += " and `*`";
        const std::string verb = entry.action == Action::allow ? "allow" : "deny";
        inspection.report(acl, direction, entry,
                          "changes nothing: without it, " + decide + " would " + verb + " the same packets");
      });
}

bool find_numbers_without_gap(const NetworkAcl& acl, Inspection& inspection) {
  for (const Direction direction : {Direction::ingress, Direction::egress}) {
    std::vector<const NetworkAclEntry*> sorted;
    for (const NetworkAclEntry& entry : acl.entries(direction))
      if (entry.at.line != 0) sorted.push_back(&entry);  // AWS's own entries cannot be numbered otherwise
    std::sort(sorted.begin(), sorted.end(), comes_before);
    // N-9: one numbering for both families. Between two neighbours of a family every number may be taken.
    for (auto one = sorted.begin(); one != sorted.end(); ++one) {
      const auto same_family = [&](const NetworkAclEntry* other) {
        return other->cidr.base.family == (*one)->cidr.base.family;
      };
      const auto next = std::find_if(one + 1, sorted.end(), same_family);
      if (next == sorted.end() || (*next)->number - (*one)->number != next - one) continue;
      inspection.report(acl, direction, **next,
                        "no number is left between it and entry " + std::to_string((*one)->number) +
                            ": no entry can be put between them");
      break;  // one for each list is enough to say so
    }
  }
  return true;
}

}  // namespace vpcwall

#include "explain/mistakes.h"

#include <algorithm>

#include "explain/hypothesis.h"

namespace vpcwall {
namespace {

Direction direction_of(Gate gate) noexcept {
  return gate == Gate::acl_ingress || gate == Gate::sg_ingress ? Direction::ingress : Direction::egress;
}

const CompiledEntries& list_of(const JudgedPolicy& policy, const GateOutcome& gate, Family family) {
  const CompiledSubnet& subnet = policy.compiled.subnets.at(gate.subnet);
  return policy.compiled.acls.at(subnet.acl).lists.at(at(direction_of(gate.gate))).at(at(family));
}

// Of the packets that can be read: no one writes an entry for the others.
bool covers(const CompiledTraffic& wide, const CompiledTraffic& narrow) noexcept {
  const TrafficKinds outer = wide.kinds().front(), inner = narrow.kinds().front();
  return outer.first <= inner.first && inner.last <= outer.last;
}

// Whether nothing that `later` speaks of ever comes to it.
bool hides(const CompiledEntry& earlier, const CompiledEntry& later) noexcept {
  return earlier.cidr.contains(later.cidr) && covers(earlier.traffic, later.traffic);
}

class Recognition {
 public:
  Recognition(const JudgedPolicy& policy, const StoryTeller& teller, const Inquiry& inquiry,
              const PortCoverage& coverage, const std::vector<NearRule>& near)
      : policy_(policy), teller_(teller), inquiry_(inquiry), coverage_(coverage), near_(near) {}

  std::vector<Mistake> run() {
    const Story& story = coverage_.story(inquiry_.request.source_port);
    if (const auto refusal = refusal_of(story)) {
      if (refusal->at_acl()) {
        find_hidden_allow(*refusal);
        if (refusal->reply && has_ports(refusal->packet.protocol)) find_ephemeral(*refusal);
      } else if (refusal->gate.gate != Gate::source_dest_check) {
        find_group_reference(*refusal);
      }
      find_family();
    } else if (story.passes()) {
      find_hidden_deny(story);
      find_unasked_acl(story);
    }
    return std::move(found_);
  }

 private:
  void add(MistakeKind kind, std::string sentence) { found_.push_back({kind, std::move(sentence)}); }

  [[nodiscard]] std::string entry_text(CounterSlot slot) const {
    const RuleIdentity& identity = policy_.slots.identity(slot);
    const std::string at = policy_.position(slot);
    return "entry " + identity.rule + " (" + identity.match + (at.empty() ? "" : ", " + at) + ')';
  }
  [[nodiscard]] std::string list_text(const GateOutcome& gate) const {
    const NetworkAcl& acl = policy_.acl_at(gate);
    return "network ACL " + (acl.name.empty() ? acl.id : acl.name) + ", " +
           std::string(to_string(direction_of(gate.gate)));
  }

  // N-14, N-41: replies go to the port that the client chose.
  void find_ephemeral(const Refusal& refusal) {
    const CompiledEntries& list = list_of(policy_, refusal.gate, refusal.packet.family());
    if (!found_.empty()) return;  // an entry is there, but never reached
    if (!coverage_.none_passes()) return add_part(refusal);
    const TrafficKind to_service = kind_of(refusal.packet.protocol, refusal.packet.source_port);
    for (const CompiledEntry& entry : list.entries)
      if (entry.action == Action::allow && entry.traffic.matches(to_service) &&
          entry.cidr.contains(refusal.peer()) && !entry.traffic.matches(kind_of(refusal.packet)))
        return add(MistakeKind::service_port_repeated,
                   "In " + list_text(refusal.gate) + ", " + entry_text(entry.slot) +
                       " repeats the port of the service, but replies go to the client's own port, one of " +
                       to_string(inquiry_.client.ports) + '.');
    add_missing(refusal);
  }

  void add_missing(const Refusal& refusal) {
    const Leg& reply = *coverage_.story(inquiry_.request.source_port).reply;
    const bool server = refusal.gate.gate == Gate::acl_egress;
    const bool inside = server ? reply.journey.enters_guarded() : reply.journey.leaves_guarded();
    const MistakeKind kind = server ? (inside ? MistakeKind::no_ephemeral_server_egress_inside
                                              : MistakeKind::no_ephemeral_server_egress_outside)
                                    : (inside ? MistakeKind::no_ephemeral_client_ingress_inside
                                              : MistakeKind::no_ephemeral_client_ingress_outside);
    add(kind, "A network ACL remembers nothing, so the reply " +
                  std::string(server ? "to a client " : "of a server ") +
                  (inside ? "inside of" : "outside of") + " the VPC needs an entry for the client's ports " +
                  to_string(inquiry_.client.ports) + " (" + inquiry_.client.client + ") in " +
                  list_text(refusal.gate) + " of " +
                  (server ? "the server's subnet " : "the client's subnet ") +
                  policy_.subnet_at(refusal.gate).name + ", and there is none.");
  }

  void add_part(const Refusal& refusal) {
    std::string broken;
    for (const PortOutcome& outcome : coverage_.outcomes())
      if (!outcome.passes) broken += (broken.empty() ? "" : ", ") + to_string(outcome.ports);
    add(MistakeKind::part_of_ephemeral_range,
        "The entries of " + list_text(refusal.gate) + " cover only some of the client's ports " +
            to_string(inquiry_.client.ports) + " (" + inquiry_.client.client + "): connections from " +
            broken + " hang, the others do not.");
  }

  // N-5.
  void find_hidden_allow(const Refusal& refusal) {
    const CompiledEntries& list = list_of(policy_, refusal.gate, refusal.packet.family());
    const CompiledEntry* denies = entry_of(list, refusal.gate.rule);
    if (denies == nullptr) return;
    for (const CompiledEntry& entry : list.entries)
      if (entry.number > denies->number && entry.action == Action::allow && hides(*denies, entry) &&
          entry.traffic.matches(kind_of(refusal.packet)) && entry.cidr.contains(refusal.peer()))
        return add(MistakeKind::allow_never_reached,
                   "In " + list_text(refusal.gate) + ", " + entry_text(entry.slot) +
                       " is never reached: the lowest number that fits decides, and " +
                       entry_text(denies->slot) + " denies all of it.");
  }

  void find_hidden_deny(const Story& story) {
    for (const Leg* leg : {&story.request, story.reply ? &*story.reply : nullptr})
      for (std::size_t i = 0; leg != nullptr && i < leg->decision.gate_size; ++i)
        if (is_acl(leg->decision.gates.at(i).gate)) find_hidden_deny(*leg, leg->decision.gates.at(i));
  }
  void find_hidden_deny(const Leg& leg, const GateOutcome& gate) {
    const CompiledEntries& list = list_of(policy_, gate, leg.packet.family());
    const CompiledEntry* allows = entry_of(list, gate.rule);
    const IpAddress& peer = gate.gate == Gate::acl_ingress ? leg.packet.source : leg.packet.destination;
    for (const CompiledEntry& entry : list.entries)
      if (allows != nullptr && entry.number > allows->number && entry.action == Action::deny &&
          hides(*allows, entry) && entry.traffic.matches(kind_of(leg.packet)) && entry.cidr.contains(peer))
        return add(MistakeKind::deny_never_reached,
                   "In " + list_text(gate) + ", " + entry_text(entry.slot) +
                       " is never reached: the lowest number that fits decides, and " +
                       entry_text(allows->slot) + " allows all of it.");
  }

  static const CompiledEntry* entry_of(const CompiledEntries& list, CounterSlot slot) {
    const auto found = std::find_if(list.entries.begin(), list.entries.end(),
                                    [&](const CompiledEntry& entry) { return entry.slot == slot; });
    return found == list.entries.end() ? nullptr : &*found;
  }

  // S-39, S-66, N-8.
  void find_family() {
    for (const NearRule& near : near_)
      if (near.only(Misfit::family))
        return add(MistakeKind::other_family,
                   rule_text(near) + ": " + near.differences.front().text +
                       ". IPv4 and IPv6 are allowed separately, each by a rule of its own.");
  }

  // S-40: only the private addresses of members count.
  void find_group_reference(const Refusal& refusal) {
    for (const NearRule& near : near_) {
      if (near.only(Misfit::hidden))
        return add(
            MistakeKind::needs_private_address,
            rule_text(near) + ": " + near.differences.front().text + ". Name the address range instead.");
      if (!near.only(Misfit::not_a_member)) continue;
      const auto& ranges = policy_.compiled.vpc_ranges;
      const bool inside = std::any_of(ranges.begin(), ranges.end(),
                                      [&](const Prefix& range) { return range.contains(refusal.peer()); });
      return add(
          inside ? MistakeKind::peer_not_in_group : MistakeKind::needs_private_address,
          rule_text(near) + ": " + near.differences.front().text +
              (inside
                   ? ". Attach the group to the peer, or name the peer's address."
                   : ". A rule that names a group never fits public addresses: reach the peer by its private "
                     "address, or name the address."));
    }
  }

  static std::string rule_text(const NearRule& near) {
    const bool acl = near.identity.kind == RuleKind::acl_entry;
    return std::string(acl ? "Entry " : "Rule ") + near.identity.rule + " of " + near.owner_name + " (" +
           near.identity.match + (near.at.empty() ? "" : ", " + near.at) + ") does not fit";
  }

  // N-10. Asked of the engine: the same request, had the two ends no subnet in common.
  void find_unasked_acl(const Story& story) {
    const Journey& journey = story.request.journey;
    if (journey.leaves == no_interface || journey.enters == no_interface) return;
    for (std::size_t i = 0; i < story.request.decision.gate_size; ++i)
      if (is_acl(story.request.decision.gates.at(i).gate)) return;
    Policy apart = policy_.written;
    Subnet& subnet = apart.subnets.at(policy_.compiled.interfaces.at(journey.enters).subnet);
    subnet.cidr = subnet.ipv6_cidr = std::nullopt;
    const Hypothesis hypothesis(std::move(apart), policy_);
    const auto refusal =
        refusal_of(teller_.tell(hypothesis.judged().compiled, story.request.packet, journey));
    if (!refusal || refusal->reason != Reason::acl_entry) return;
    const JudgedPolicy there = hypothesis.judged();
    add(MistakeKind::acl_inside_subnet,
        "It passes although entry " + there.slots.identity(refusal->gate.rule).rule + " (" +
            there.slots.identity(refusal->gate.rule).match + ") of " + list_text(refusal->gate) +
            " denies it: both ends are in subnet " + subnet_name(journey.enters) +
            ", and a network ACL is asked only about what leaves or enters its subnet.");
  }
  [[nodiscard]] std::string subnet_name(InterfaceIndex interface) const {
    return policy_.subnet_of(interface).name;
  }

  const JudgedPolicy& policy_;
  const StoryTeller& teller_;
  const Inquiry& inquiry_;
  const PortCoverage& coverage_;
  const std::vector<NearRule>& near_;
  std::vector<Mistake> found_;
};

}  // namespace

std::string_view to_string(MistakeKind kind) noexcept {
  switch (kind) {
    case MistakeKind::no_ephemeral_server_egress_outside: return "no-ephemeral-server-egress-outside";
    case MistakeKind::no_ephemeral_server_egress_inside: return "no-ephemeral-server-egress-inside";
    case MistakeKind::no_ephemeral_client_ingress_outside: return "no-ephemeral-client-ingress-outside";
    case MistakeKind::no_ephemeral_client_ingress_inside: return "no-ephemeral-client-ingress-inside";
    case MistakeKind::service_port_repeated: return "service-port-repeated";
    case MistakeKind::part_of_ephemeral_range: return "part-of-ephemeral-range";
    case MistakeKind::allow_never_reached: return "allow-never-reached";
    case MistakeKind::deny_never_reached: return "deny-never-reached";
    case MistakeKind::other_family: return "other-family";
    case MistakeKind::needs_private_address: return "needs-private-address";
    case MistakeKind::peer_not_in_group: return "peer-not-in-group";
    case MistakeKind::acl_inside_subnet: return "acl-inside-subnet";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

std::vector<Mistake> mistakes_in(const JudgedPolicy& policy, const StoryTeller& teller,
                                 const Inquiry& inquiry, const PortCoverage& coverage,
                                 const std::vector<NearRule>& near) {
  return Recognition(policy, teller, inquiry, coverage, near).run();
}

}  // namespace vpcwall

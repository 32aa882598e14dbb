#include "explain/closing.h"

#include <algorithm>
#include <memory>

#include "explain/hypothesis.h"
#include "explain/rule_number.h"

namespace vpcwall {
namespace {

constexpr std::size_t most_rules = 4;

bool closes(const JudgedPolicy& in_force, const StoryTeller& teller, const Inquiry& inquiry,
            const Policy& policy) {
  const Hypothesis hypothesis(policy, in_force);
  return cover(teller, hypothesis.judged().compiled, inquiry).none_passes();
}

// An entry that denies the request at one of the ACLs that let it pass.
std::vector<Edit> deny_entry(const JudgedPolicy& policy, const GateOutcome& gate, const Packet& packet) {
  const Direction direction = gate.gate == Gate::acl_ingress ? Direction::ingress : Direction::egress;
  const NetworkAcl& acl = policy.acl_of(gate);
  const auto allows = static_cast<std::uint16_t>(std::stoul(policy.slots.identity(gate.rule).rule));
  const auto number = free_rule_number(acl.entries(direction), allows);
  if (!number) return {};
  NetworkAclEntry entry;
  entry.number = *number;
  entry.action = Action::deny;
  entry.traffic.protocol = packet.protocol;
  if (has_ports(packet.protocol)) entry.traffic.ports = {packet.destination_port, packet.destination_port};
  if (is_icmp(packet.protocol)) {
    entry.traffic.icmp_type = packet.icmp_type;
    entry.traffic.icmp_code = packet.icmp_code;
  }
  entry.cidr = host_prefix(direction == Direction::ingress ? packet.source : packet.destination);
  return {AddEntry{acl.id, direction, entry}};
}

// Takes the rules that allow the request at one gate away, one after the other.
class RuleRemoval {
 public:
  RuleRemoval(const JudgedPolicy& policy, const StoryTeller& teller, const Inquiry& inquiry)
      : in_force_(policy), teller_(teller), inquiry_(inquiry) {}

  std::vector<Edit> at(Gate gate) const {
    std::vector<Edit> edits;
    std::unique_ptr<Hypothesis> hypothesis;
    while (edits.size() < most_rules) {
      const JudgedPolicy now = hypothesis ? hypothesis->judged() : in_force_;
      const Story story = teller_.tell(now.compiled, inquiry_.request, inquiry_.journey(now.compiled));
      const auto edit = remove_rule(now, story.request.decision, gate);
      if (!edit) return {};
      edits.push_back(*edit);
      auto changed = apply_edits(in_force_.written, edits);
      if (!changed) return {};
      hypothesis = std::make_unique<Hypothesis>(std::move(*changed), in_force_);
      if (cover(teller_, hypothesis->judged().compiled, inquiry_).none_passes()) return edits;
    }
    return {};
  }

 private:
  static std::optional<Edit> remove_rule(const JudgedPolicy& policy, const Decision& decision, Gate gate) {
    for (std::size_t i = 0; i < decision.gate_size; ++i) {
      const GateOutcome& met = decision.gates.at(i);
      if (met.gate != gate || met.rule == no_slot || met.outcome == Outcome::deny) continue;
      const RuleIdentity& identity = policy.slots.identity(met.rule);
      const SecurityGroup* group = policy.group(identity.owner);
      if (identity.kind != RuleKind::group_rule || group == nullptr) continue;
      for (const SecurityGroupRule& rule : group->rules(identity.direction))
        if (rule.id == identity.rule) return RemoveRule{group->id, identity.direction, rule};
    }
    return std::nullopt;
  }

  const JudgedPolicy& in_force_;
  const StoryTeller& teller_;
  const Inquiry& inquiry_;
};

Fix done(const JudgedPolicy& policy, std::vector<Edit> edits) {
  Fix fix;
  fix.policy = *apply_edits(policy.written, edits);
  fix.edits = std::move(edits);
  return fix;
}

}  // namespace

Fix close_the_way(const JudgedPolicy& policy, const StoryTeller& teller, const Inquiry& inquiry,
                  const PortCoverage& coverage) {
  const auto passing = std::find_if(coverage.pieces.begin(), coverage.pieces.end(),
                                    [](const PortPiece& piece) { return piece.story.passes(); });
  const Leg& request = passing->story.request;
  if (request.decision.reason != Reason::passed)
    return {{},
            std::nullopt,
            "no gate is asked about it: " + std::string(to_string(request.decision.reason)),
            "Rules cannot stop it; stop it on the hosts."};
  for (std::size_t i = 0; i < request.decision.gate_size; ++i) {
    const GateOutcome& gate = request.decision.gates.at(i);
    if (!is_acl(gate.gate)) continue;
    std::vector<Edit> edits = deny_entry(policy, gate, request.packet);
    const auto changed = apply_edits(policy.written, edits);
    if (!edits.empty() && changed && closes(policy, teller, inquiry, *changed))
      return done(policy, std::move(edits));
  }
  for (const Gate gate : {Gate::sg_ingress, Gate::sg_egress})
    if (std::vector<Edit> edits = RuleRemoval(policy, teller, inquiry).at(gate); !edits.empty())
      return done(policy, std::move(edits));
  return {{},
          std::nullopt,
          "no entry that denies it would be asked, and what allows it is more than a few rules",
          "Split the subnet, so that a network ACL stands between the two, or take groups off an interface."};
}

}  // namespace vpcwall

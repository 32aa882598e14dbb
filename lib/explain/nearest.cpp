#include "explain/nearest.h"

#include <algorithm>
#include <set>

#include "explain/hypothesis.h"
#include "policy/validate.h"

namespace vpcwall {
namespace {

constexpr std::size_t most_differences = 2;

// How far a difference takes a rule away: less than any bound is what one word of the policy would mend.
unsigned weight(Misfit misfit) noexcept {
  switch (misfit) {
    case Misfit::shadowed: return 10;
    case Misfit::port: return 20;
    case Misfit::icmp_type: return 20;
    case Misfit::not_attached: return 25;
    case Misfit::family: return 30;
    case Misfit::not_a_member: return 30;
    case Misfit::hidden: return 30;
    case Misfit::not_in_list: return 32;
    case Misfit::peer: return 34;
    case Misfit::protocol: return 40;
  }
  return 0;  // GCOVR_EXCL_LINE: every value has its case
}

const char* family_name(Family family) noexcept { return family == Family::ipv4 ? "IPv4" : "IPv6"; }

std::string ports_of(const CompiledTraffic& traffic) { return to_string(traffic.ports); }

// The parts of a rule other than its peer, against the packet.
class TrafficDifferences {
 public:
  TrafficDifferences(const Packet& packet, NearRule& rule) : packet_(packet), rule_(rule) {}

  void find() {
    const TrafficKind kind = kind_of(packet_);
    if (rule_.traffic.matches(kind)) return;
    CompiledTraffic wide = rule_.traffic;
    wide.ports = {};
    wide.icmp_type = wide.icmp_code = -1;
    if (!wide.matches(kind)) return add_protocol();
    if (has_ports(packet_.protocol)) return add_port();
    rule_.differences.push_back({Misfit::icmp_type, "type " + std::to_string(packet_.icmp_type) + " code " +
                                                        std::to_string(packet_.icmp_code) + " is not " +
                                                        described_type()});
  }

 private:
  void add_protocol() {
    rule_.differences.push_back({Misfit::protocol, "it is for " + name(rule_.traffic.protocol) +
                                                       ", the packet is " + name(packet_.protocol)});
  }
  void add_port() {
    if (packet_.transport != Transport::whole) {
      rule_.differences.push_back(
          {Misfit::port, "the packet's header is cut, so it has no port that a rule could name"});
      return;
    }
    const int port = packet_.destination_port, first = rule_.traffic.ports.first,
              last = rule_.traffic.ports.last;
    const int off = std::min(std::abs(first - port), std::abs(port - last));
    rule_.distance += static_cast<unsigned>(off) / 8192U;
    rule_.differences.push_back({Misfit::port, "port " + std::to_string(port) +
                                                   (first == last ? " is not " : " is outside of ") +
                                                   ports_of(rule_.traffic)});
  }
  [[nodiscard]] std::string described_type() const {
    std::string text = "type " + std::to_string(rule_.traffic.icmp_type);
    if (rule_.traffic.icmp_code >= 0) text += " code " + std::to_string(rule_.traffic.icmp_code);
    return text;
  }
  static std::string name(Protocol protocol) {
    const bool named = has_ports(protocol) || is_icmp(protocol);
    return (named ? "" : "protocol ") + to_string(protocol);
  }

  const Packet& packet_;
  NearRule& rule_;
};

// ICMP is IPv4's and ICMPv6 is IPv6's: between the two, the family is what differs, not the protocol.
Packet as_of_family(Packet packet, Family family) {
  if (!is_icmp(packet.protocol) || packet.transport != Transport::whole) return packet;
  const bool echo = is_icmp_query(packet.protocol, packet.icmp_type);
  packet.protocol = family == Family::ipv4 ? Protocol::icmp : Protocol::icmpv6;
  packet.icmp_type = family == Family::ipv4 ? (echo ? 8 : 0) : (echo ? 128 : 129);
  return packet;
}

class Search {
 public:
  Search(const JudgedPolicy& policy, const Refusal& refusal)
      : policy_(policy), refusal_(refusal), family_(refusal.packet.family()) {}

  std::vector<NearRule> run() {
    if (refusal_.at_acl())
      look_at_entries();
    else if (refusal_.gate.gate != Gate::source_dest_check)
      look_at_rules();
    std::stable_sort(found_.begin(), found_.end(),
                     [](const NearRule& a, const NearRule& b) { return a.distance < b.distance; });
    // Where one difference would do, two are far.
    if (!found_.empty() && found_.front().differences.size() == 1)
      std::erase_if(found_, [](const NearRule& near) { return near.differences.size() > 1; });
    return std::move(found_);
  }

 private:
  void look_at_entries() {
    const CompiledPolicy& compiled = policy_.compiled;
    const CompiledSubnet& subnet =
        compiled.subnets.at(compiled.interfaces.at(refusal_.gate.interface).subnet);
    for (const Family family : {Family::ipv4, Family::ipv6})
      for (const CompiledEntry& entry :
           compiled.acls.at(subnet.acl).lists.at(at(refusal_.direction)).at(at(family)).entries) {
        if (entry.action != Action::allow) continue;
        NearRule near = start(policy_, entry.slot, entry.traffic);
        if (compare_family(near, family) && !entry.cidr.contains(refusal_.peer()))
          add_range(near, entry.cidr);
        if (near.differences.empty()) add_shadow(near);
        keep(std::move(near));
      }
  }

  // All groups' rules as one interface that carries every group would have them: it has no addresses, so
  // that it is a member of nothing.
  void look_at_rules() {
    if (policy_.written.interfaces.size() >= max_interfaces) return;
    Policy everything = policy_.written;
    Interface carrier;
    carrier.id = carrier.name = "(every group)";
    carrier.subnet = policy_.subnet_of(refusal_.gate.interface).id;
    for (const SecurityGroup& group : everything.security_groups) carrier.security_groups.push_back(group.id);
    everything.interfaces.push_back(std::move(carrier));
    const Hypothesis all(std::move(everything), policy_);
    const JudgedPolicy judged = all.judged();
    const CompiledInterface& interface = judged.compiled.interfaces.back();
    for (const Family family : {family_, family_ == Family::ipv4 ? Family::ipv6 : Family::ipv4})
      interface.each_rule(refusal_.direction, family, [&](const CompiledRule& rule) {
        if (seen_.insert(rule.slot).second) look_at(judged, rule, family);
      });
  }

  void look_at(const JudgedPolicy& judged, const CompiledRule& rule, Family family) {
    NearRule near = start(judged, rule.slot, rule.traffic);
    // Before all others: keep() looks for it there.
    if (!is_attached(near.identity.owner))
      near.differences.push_back(
          {Misfit::not_attached, "group " + near.owner_name + " is not attached to interface " +
                                     policy_.compiled.interfaces.at(refusal_.gate.interface).name});
    if (compare_family(near, family) && !rule.matches_peer(refusal_.peer())) add_peer(near, rule);
    if (near.differences.empty()) return;  // it would have let the packet pass: multicast (S-53)
    keep(std::move(near));
  }

  NearRule start(const JudgedPolicy& judged, CounterSlot slot, const CompiledTraffic& traffic) const {
    NearRule near;
    near.slot = slot;
    near.identity = judged.slots.identity(slot);
    near.owner_name = judged.slots.owner_name(slot);
    near.at = judged.position(slot);
    near.traffic = traffic;
    return near;
  }

  // Whether the rule speaks of the packet's family; only then can its peer be compared.
  bool compare_family(NearRule& near, Family family) const {
    const Packet packet = family == family_ ? refusal_.packet : as_of_family(refusal_.packet, family);
    TrafficDifferences(packet, near).find();
    if (family == family_) return true;
    near.differences.push_back({Misfit::family, std::string("it is for ") + family_name(family) +
                                                    ", the packet is " + family_name(family_)});
    return false;
  }

  void add_range(NearRule& near, const Prefix& range) const {
    near.differences.push_back({Misfit::peer, peer_text() + " is outside of " + to_string(range)});
  }

  void add_peer(NearRule& near, const CompiledRule& rule) const {
    if (rule.set == nullptr) return add_range(near, rule.prefix);
    const SecurityGroup* owner = policy_.group(near.identity.owner);
    const auto written =
        std::find_if(owner->rules(refusal_.direction).begin(), owner->rules(refusal_.direction).end(),
                     [&](const SecurityGroupRule& one) { return one.id == near.identity.rule; });
    if (const auto* reference = std::get_if<GroupReference>(&written->peer)) {
      const std::string name = policy_.group_name(reference->id);
      if (is_hidden_member(reference->id))
        near.differences.push_back({Misfit::hidden, peer_text() + " has group " + name +
                                                        ", but a middlebox hides that from its packets"});
      else
        near.differences.push_back(
            {Misfit::not_a_member, peer_text() + " is no private address of a member of group " + name});
      return;
    }
    near.differences.push_back({Misfit::not_in_list, peer_text() + " is not in the prefix list"});
  }

  [[nodiscard]] bool is_hidden_member(const std::string& group) const {
    const InterfaceIndex owner = policy_.compiled.addresses.find(refusal_.peer()).owner();
    if (owner == no_interface) return false;
    const auto& groups = policy_.written.interfaces.at(owner).security_groups;
    return std::find(groups.begin(), groups.end(), group) != groups.end() &&
           std::any_of(policy_.written.behavior.sg_identity_lost.begin(),
                       policy_.written.behavior.sg_identity_lost.end(),
                       [&](const Prefix& range) { return range.contains(refusal_.peer()); });
  }

  void add_shadow(NearRule& near) const {
    near.differences.push_back(
        {Misfit::shadowed,
         "it fits, but entry " + policy_.slots.identity(refusal_.gate.rule).rule + " denies first"});
  }

  [[nodiscard]] bool is_attached(const std::string& group) const {
    const auto& groups = policy_.written.interfaces.at(refusal_.gate.interface).security_groups;
    return std::find(groups.begin(), groups.end(), group) != groups.end();
  }

  [[nodiscard]] std::string peer_text() const {
    return std::string(refusal_.direction == Direction::ingress ? "source " : "destination ") +
           to_string(refusal_.peer());
  }

  void keep(NearRule near) {
    if (near.differences.size() > most_differences) return;
    const bool foreign = near.differences.front().misfit == Misfit::not_attached;
    if (foreign && near.differences.size() > 1) return;
    for (const Difference& difference : near.differences) near.distance += weight(difference.misfit);
    found_.push_back(std::move(near));
  }

  const JudgedPolicy& policy_;
  const Refusal& refusal_;
  Family family_;
  std::set<CounterSlot> seen_;
  std::vector<NearRule> found_;
};

}  // namespace

std::string_view to_string(Misfit misfit) noexcept {
  switch (misfit) {
    case Misfit::shadowed: return "shadowed";
    case Misfit::not_attached: return "not-attached";
    case Misfit::port: return "port";
    case Misfit::icmp_type: return "icmp-type";
    case Misfit::not_a_member: return "not-a-member";
    case Misfit::hidden: return "hidden";
    case Misfit::not_in_list: return "not-in-list";
    case Misfit::peer: return "peer";
    case Misfit::family: return "family";
    case Misfit::protocol: return "protocol";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

std::vector<NearRule> near_rules(const JudgedPolicy& policy, const Refusal& refusal) {
  return Search(policy, refusal).run();
}

}  // namespace vpcwall

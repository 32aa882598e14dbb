#include "engine/evaluate.h"

#include "engine/flow_identity.h"

namespace vpcwall {
namespace {

constexpr Prefix loopback4{{std::uint64_t{127} << 56U, 0, Family::ipv4}, 8};
constexpr Prefix loopback6{{0, 1, Family::ipv6}, 128};
constexpr Prefix link_local6{{0xfe80ULL << 48U, 0, Family::ipv6}, 10};
constexpr Prefix multicast4{{std::uint64_t{224} << 56U, 0, Family::ipv4}, 4};
constexpr Prefix multicast6{{0xffULL << 56U, 0, Family::ipv6}, 8};

bool is_multicast(const IpAddress& address) noexcept {
  return multicast4.contains(address) || multicast6.contains(address);
}

// O-5: a host that talks to itself never meets a gate. Where devices say that a packet came from somebody
// else, its addresses alone do not make it one.
bool is_loopback(const Packet& packet, const Journey& journey, const Ends& ends) noexcept {
  const Prefix& range = packet.family() == Family::ipv4 ? loopback4 : loopback6;
  if (range.contains(packet.source) && range.contains(packet.destination)) return true;
  if (journey.leaves == no_interface || journey.leaves != journey.enters) return false;
  return ends.source().owner() == journey.leaves && ends.destination().owner() == journey.leaves;
}

// E-19: DHCP by its ports, whatever the addresses.
bool is_dhcp(const Packet& packet, Direction direction) noexcept {
  if (packet.protocol != Protocol::udp || packet.transport != Transport::whole) return false;
  const std::uint16_t client = packet.family() == Family::ipv4 ? 68 : 546;
  const std::uint16_t server = packet.family() == Family::ipv4 ? 67 : 547;
  const bool from_client = direction == Direction::egress;
  return packet.source_port == (from_client ? client : server) &&
         packet.destination_port == (from_client ? server : client);
}

// E-21: neighbour discovery and multicast listener discovery, as far as they cannot come from beyond the
// link.
bool is_neighbour_discovery(const Packet& packet) noexcept {
  if (packet.protocol != Protocol::icmpv6 || packet.transport != Transport::whole) return false;
  const std::uint8_t type = packet.icmp_type;
  if (type >= 133 && type <= 137) return packet.hop_limit == 255;
  const bool listener = (type >= 130 && type <= 132) || type == 143;
  return listener && packet.hop_limit == 1 && link_local6.contains(packet.source);
}

// C-8, C-10 to C-15, orientation-free: the flow, or its reverse, is a request that an open rule permits while
// the opposite direction permits every response.
bool pair_open(const CompiledInterface& interface, Family family, Protocol protocol, std::uint16_t local_port,
               std::uint16_t remote_port) noexcept {
  const auto all_open = [&](Direction direction) {
    return interface.any_part(direction, family,
                              [&](const CompiledRules& rules) { return rules.open_all(protocol); });
  };
  const auto permits = [&](Direction direction, std::uint16_t port) {
    const TrafficKind kind = kind_of(protocol, port);
    return interface.any_part(direction, family, [&](const CompiledRules& rules) {
      return rules.open_rules.first_match(kind, {0, 0, family}) != RuleIndex::none;
    });
  };
  return (all_open(Direction::egress) && permits(Direction::ingress, local_port)) ||
         (all_open(Direction::ingress) && permits(Direction::egress, remote_port));
}

FlowTimeouts timeouts_of(const Tracking& tracking) noexcept {
  return {tracking.tcp_established, tracking.udp, tracking.udp_stream};
}

// One packet's way through the gates. Each gate returns whether it accepted and leaves its outcome in the
// decision; the effect of a side waits until the side is done.
class Evaluation {
 public:
  // Into `decision`, which is as a Decision begins.
  Evaluation(const CompiledPolicy& policy, FlowView state, const Question& question, Trace* trace,
             Decision& decision) noexcept
      : policy_(policy),
        state_(state),
        question_(question),
        packet_(question.packet),
        ends_(question.journey.ends.looked_up() ? question.journey.ends : find_ends(policy, question.packet)),
        kind_(kind_of(question.packet)),
        trace_(trace),
        decision_(decision) {}

  void run() {
    const auto& [leaves, enters, ends] = question_.journey;
    if (leaves == no_interface && enters == no_interface) return accept(Reason::not_guarded);
    if (is_loopback(packet_, question_.journey, ends_)) return accept(Reason::loopback);
    const bool leaving_exempt = leaves == no_interface || is_exempt(Direction::egress);
    const bool entering_exempt = enters == no_interface || is_exempt(Direction::ingress);
    if (leaving_exempt && entering_exempt) {
      record({Gate::exempt, Outcome::exempt, leaves != no_interface ? leaves : enters, no_slot});
      return accept(Reason::exempt);
    }
    if (!leaving_exempt && !leave(leaves)) return;
    if (!entering_exempt && !enter(enters)) return;
    return accept(Reason::passed);
  }

 private:
  void accept(Reason reason) noexcept {
    decision_.verdict = verdict_of(reason);
    decision_.reason = reason;
  }

  // Notes what a gate said; for a refusal also why. Returns whether the packet may go on.
  bool record(GateOutcome gate, std::uint32_t considered = 0, const Flow* flow = nullptr) {
    decision_.gates[decision_.gate_size++] = gate;
    if (trace_ != nullptr)
      trace_->steps.push_back({gate, considered, flow != nullptr ? std::optional(*flow) : std::nullopt});
    return gate.outcome != Outcome::deny && gate.outcome != Outcome::table_full;
  }
  bool refuse(Reason reason) noexcept {
    decision_.reason = reason;
    return false;
  }

  bool leave(InterfaceIndex index) {
    const CompiledInterface& interface = policy_.interfaces[index];
    FlowEffect& effect = next_effect();
    const bool accepted = source_dest_check(index, Direction::egress) &&
                          security_group(index, Direction::egress, effect) &&
                          (!crosses_boundary(interface) || network_acl(index, Direction::egress));
    return settle(effect, accepted);
  }

  bool enter(InterfaceIndex index) {
    const CompiledInterface& interface = policy_.interfaces[index];
    FlowEffect& effect = next_effect();
    const bool accepted = (!crosses_boundary(interface) || network_acl(index, Direction::ingress)) &&
                          source_dest_check(index, Direction::ingress) &&
                          security_group(index, Direction::ingress, effect);
    return settle(effect, accepted);
  }

  // Where the effect of a side is put together; it counts once settle() says so.
  [[nodiscard]] FlowEffect& next_effect() noexcept { return decision_.effects[decision_.effect_size]; }

  // C-66: what the packet does to the side's flow counts only if all of the side accepted. A closed flow
  // whose tuple a new SYN takes is gone in any case (C-29).
  bool settle(FlowEffect& effect, bool accepted) noexcept {
    if (!accepted)
      effect.kind = effect.kind == FlowEffect::Kind::replace || effect.kind == FlowEffect::Kind::erase
                        ? FlowEffect::Kind::erase
                        : FlowEffect::Kind::none;
    if (effect.kind != FlowEffect::Kind::none) ++decision_.effect_size;
    return accepted;
  }

  // What is known of the address at the far end of the side.
  [[nodiscard]] AddressFacts peer_facts(Direction direction) const noexcept {
    return direction == Direction::egress ? ends_.destination() : ends_.source();
  }
  // ... and at the near end.
  [[nodiscard]] AddressFacts own_facts(Direction direction) const noexcept {
    return direction == Direction::egress ? ends_.source() : ends_.destination();
  }

  // E-16 to E-21. The peer is the far end: a packet does not become exempt by claiming to come from a
  // service.
  [[nodiscard]] bool is_exempt(Direction direction) const noexcept {
    return peer_facts(direction).exempt() || is_dhcp(packet_, direction) || is_neighbour_discovery(packet_);
  }

  // Whose addresses a gateway forwards says nothing about the hop to it. Between a NAT gateway and an
  // instance of its own subnet none of them leaves the subnet (O-10); what a transit gateway delivers there
  // meets no ACL either, what it takes does (NX-11).
  [[nodiscard]] bool hops_inside_subnet() const noexcept {
    const auto& [leaves, enters, ends] = question_.journey;
    if (leaves == no_interface || enters == no_interface) return false;
    const CompiledInterface& from = policy_.interfaces[leaves];
    const CompiledInterface& to = policy_.interfaces[enters];
    return from.subnet == to.subnet &&
           (from.type == Interface::Type::transit_gateway || from.type == Interface::Type::nat_gateway ||
            to.type == Interface::Type::nat_gateway);
  }

  // O-4: inside the subnet's own ranges on both ends means the packet never leaves the subnet.
  [[nodiscard]] bool crosses_boundary(const CompiledInterface& interface) const noexcept {
    const CompiledSubnet& subnet = policy_.subnets[interface.subnet];
    if (hops_inside_subnet()) return false;
    return !subnet.contains(packet_.source) || !subnet.contains(packet_.destination);
  }

  // D-1 to D-6. Link-local addresses are the interface's own as well; multicast may be addressed to it.
  bool source_dest_check(InterfaceIndex index, Direction direction) {
    const CompiledInterface& interface = policy_.interfaces[index];
    const bool incoming = direction == Direction::ingress;
    const IpAddress& address = incoming ? packet_.destination : packet_.source;
    const bool own = !interface.source_dest_check || own_facts(direction).owner() == index ||
                     link_local6.contains(address) || (incoming && is_multicast(address));
    if (own) return true;
    record({Gate::source_dest_check, Outcome::deny, index, no_slot});
    return refuse(Reason::source_dest_check);
  }

  // N-3 to N-9, N-12, N-14: ascending numbers, the first match decides, `*` denies the rest.
  bool network_acl(InterfaceIndex index, Direction direction) {
    const bool incoming = direction == Direction::ingress;
    const Gate gate = incoming ? Gate::acl_ingress : Gate::acl_egress;
    const IpAddress& peer = incoming ? packet_.source : packet_.destination;
    const CompiledAcl& acl = policy_.acls[policy_.subnets[policy_.interfaces[index].subnet].acl];
    const CompiledEntries& list = acl.lists[at(direction)][at(packet_.family())];
    const std::uint32_t first = list.index.first_match(kind_, peer);
    if (first == RuleIndex::none) {
      record({gate, Outcome::deny, index, list.default_slot},
             static_cast<std::uint32_t>(list.entries.size()));
      return refuse(Reason::acl_default);
    }
    const CompiledEntry& entry = list.entries[first];
    if (entry.action == Action::allow) return record({gate, Outcome::allow, index, entry.slot}, first + 1);
    record({gate, Outcome::deny, index, entry.slot}, first + 1);
    return refuse(Reason::acl_entry);
  }

  // S-4 to S-6 with section 2 of the semantics: state first, then rules, then whether state may be made.
  bool security_group(InterfaceIndex index, Direction direction, FlowEffect& effect) {
    const CompiledInterface& interface = policy_.interfaces[index];
    if (interface.type != Interface::Type::interface) return true;  // N-29: a gateway has no groups
    const Gate gate = direction == Direction::ingress ? Gate::sg_ingress : Gate::sg_egress;
    const auto key = flow_key(packet_, direction, interface.number);
    if (const FlowEffect* opening = key ? opened_by_other_side(*key) : nullptr) {
      touch(effect, *key, opening->originator, direction, interface);
      return record({gate, Outcome::tracked, index, opening->opened_by});
    }
    const Flow* flow = key ? state_.flows.find(*key, question_.now) : nullptr;
    const bool starts_anew = flow != nullptr && is_closed(flow->state) && packet_.tcp_flags.opens();  // C-29
    if (flow != nullptr && !starts_anew) {
      touch(effect, *key, flow->originator, direction, interface);
      return record({gate, Outcome::tracked, index, flow->opened_by}, 0, flow);
    }
    if (starts_anew) {
      effect.kind = FlowEffect::Kind::erase;
      effect.key = *key;
    }
    if (is_related_error(interface, direction)) return record({gate, Outcome::pmtud, index, no_slot});

    std::uint32_t considered = 0;
    const CompiledRule* rule = first_match(interface, direction, considered);
    if (rule == nullptr) {
      record({gate, Outcome::deny, index, interface.default_slots[at(direction)]}, considered);
      return refuse(Reason::no_group_rule);
    }
    if (passes_untracked(interface, direction))
      return record({gate, Outcome::untracked, index, rule->slot}, considered);
    if (!key || !may_open()) return record({gate, Outcome::no_state, index, rule->slot}, considered);
    if (!has_room(interface, starts_anew)) {
      record({gate, Outcome::table_full, index, rule->slot}, considered);
      return refuse(Reason::flow_table_full);
    }
    effect.kind = starts_anew ? FlowEffect::Kind::replace : FlowEffect::Kind::open;
    effect.key = *key;
    effect.originator = direction == Direction::egress ? Originator::local : Originator::remote;
    effect.opened_by = rule->slot;
    effect.timeouts = timeouts_of(interface.tracking);
    return record({gate, Outcome::fresh, index, rule->slot}, considered);
  }

  // The sides are judged in turn, as they would be on two hosts. A middlebox that gets back what it sends,
  // from a tuple to itself, meets on its way in the flow that it opened on its way out.
  [[nodiscard]] const FlowEffect* opened_by_other_side(const FlowKey& key) const noexcept {
    if (decision_.effect_size == 0) return nullptr;
    const FlowEffect& other = decision_.effects.front();
    const bool opens = other.kind == FlowEffect::Kind::open || other.kind == FlowEffect::Kind::replace;
    return opens && other.key == key ? &other : nullptr;
  }

  static void touch(FlowEffect& effect, const FlowKey& key, Originator originator, Direction direction,
                    const CompiledInterface& interface) noexcept {
    effect.kind = FlowEffect::Kind::touch;
    effect.key = key;
    const bool local_sends = direction == Direction::egress;
    effect.direction =
        local_sends == (originator == Originator::local) ? FlowDirection::original : FlowDirection::reply;
    effect.timeouts = timeouts_of(interface.tracking);
  }

  // S-5: any rule of any group; the first in the order written is named and counted.
  [[nodiscard]] const CompiledRule* first_match(const CompiledInterface& interface, Direction direction,
                                                std::uint32_t& considered) const noexcept {
    const bool incoming = direction == Direction::ingress;
    const IpAddress& peer = incoming ? packet_.source : packet_.destination;
    const CompiledRule* found = nullptr;
    interface.any_part(direction, packet_.family(), [&](const CompiledRules& rules) {
      found = rules.names_groups && incoming && is_multicast(packet_.destination)
                  ? first_without_group(rules, peer, considered)
                  : first_match(rules, peer, considered);
      return found != nullptr;
    });
    return found;
  }

  [[nodiscard]] const CompiledRule* first_match(const CompiledRules& rules, const IpAddress& peer,
                                                std::uint32_t& considered) const noexcept {
    const std::uint32_t first = rules.index.first_match(kind_, peer);
    const bool found = first != RuleIndex::none;
    considered += found ? first + 1 : static_cast<std::uint32_t>(rules.rules.size());
    return found ? &rules.rules[first] : nullptr;
  }

  // S-53: a group is never the source of multicast. Rare enough to ask one rule after the other.
  [[nodiscard]] const CompiledRule* first_without_group(const CompiledRules& rules, const IpAddress& peer,
                                                        std::uint32_t& considered) const noexcept {
    for (const CompiledRule& rule : rules.rules) {
      ++considered;
      if (!rule.names_group && rule.traffic.matches(kind_) && rule.matches_peer(peer)) return &rule;
    }
    return nullptr;
  }

  // C-8, C-9, C-18.
  [[nodiscard]] bool passes_untracked(const CompiledInterface& interface,
                                      Direction direction) const noexcept {
    if (!has_ports(packet_.protocol) || packet_.transport != Transport::whole) return false;
    const bool incoming = direction == Direction::ingress;
    const std::uint16_t local = incoming ? packet_.destination_port : packet_.source_port;
    const std::uint16_t remote = incoming ? packet_.source_port : packet_.destination_port;
    return pair_open(interface, packet_.family(), packet_.protocol, local, remote) &&
           !peer_facts(direction).auto_tracked();
  }

  // C-50: path-MTU messages for a connection that is untracked or always tracked; with icmp_related: linux
  // every error about a tracked flow, in either direction (C-51).
  [[nodiscard]] bool is_related_error(const CompiledInterface& interface,
                                      Direction direction) const noexcept {
    if (!packet_.quoted) return false;
    const QuotedPacket& quoted = *packet_.quoted;
    const bool too_big = packet_.protocol == Protocol::icmp ? packet_.icmp_type == 3 && packet_.icmp_code == 4
                                                            : packet_.icmp_type == 2;
    if (direction == Direction::ingress && too_big) {
      if (policy_.addresses.find(quoted.destination).auto_tracked()) return true;
      if (has_ports(quoted.protocol) && quoted.transport == Transport::whole &&
          pair_open(interface, packet_.family(), quoted.protocol, quoted.source_port,
                    quoted.destination_port))
        return true;
    }
    if (policy_.behavior.icmp_related != Behavior::IcmpRelated::linux_) return false;
    const auto key = quoted_flow_key(packet_, direction, interface.number);
    return question_.related_elsewhere || (key && state_.flows.find(*key, question_.now) != nullptr);
  }

  // C-43, C-48, C-53: whether this packet is of the kind that begins a flow.
  [[nodiscard]] bool may_open() const noexcept {
    switch (packet_.protocol) {
      case Protocol::tcp: {
        const TcpFlags& flags = packet_.tcp_flags;
        if (flags.opens()) return true;
        return policy_.behavior.tcp_midstream == Behavior::TcpMidstream::loose && flags.ack && !flags.syn &&
               !flags.fin && !flags.rst;
      }
      case Protocol::icmp:
      case Protocol::icmpv6:
        return packet_.transport == Transport::none || is_icmp_query(packet_.protocol, packet_.icmp_type);
      default: return true;
    }
  }

  // C-57, C-60. A flow that replaces a closed one takes over its place; one that the other side opens needs
  // its own.
  [[nodiscard]] bool has_room(const CompiledInterface& interface, bool replaces) const noexcept {
    const FlowEffect& other = decision_.effects.front();
    const bool other_opens = decision_.effect_size > 0 && other.kind == FlowEffect::Kind::open;
    std::uint32_t held = state_.allowance.used(interface.number) - (replaces ? 1U : 0U);
    if (other_opens && other.key.interface == interface.number) ++held;
    const std::size_t places = state_.flows.capacity() - state_.flows.size();
    return held < policy_.behavior.flows_per_interface && (replaces || places > (other_opens ? 1U : 0U));
  }

  const CompiledPolicy& policy_;
  FlowView state_;
  const Question& question_;
  const Packet& packet_;
  Ends ends_;
  TrafficKind kind_;
  Trace* trace_;
  Decision& decision_;
};

}  // namespace

Decision evaluate(const CompiledPolicy& policy, FlowView state, const Question& question, Trace* trace) {
  Decision decision;
  Evaluation(policy, state, question, trace, decision).run();
  return decision;
}

bool is_untracked(const CompiledPolicy& policy, const CompiledInterface& interface,
                  const FlowKey& flow) noexcept {
  return has_ports(flow.protocol) && !policy.addresses.find(flow.remote()).auto_tracked() &&
         pair_open(interface, flow.family, flow.protocol, flow.local_port, flow.remote_port);
}

bool has_ended(const CompiledPolicy& policy, const FlowKey& flow) noexcept {
  const InterfaceIndex index = policy.interface_numbered(flow.interface);
  return index == no_interface || is_untracked(policy, policy.interfaces[index], flow);
}

}  // namespace vpcwall

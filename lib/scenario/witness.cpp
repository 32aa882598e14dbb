#include "scenario/witness.h"

#include <algorithm>

#include "replay/simulation.h"
#include "scenario/gate_text.h"
#include "scenario/packet_text.h"
#include "scenario/rule_borders.h"

namespace vpcwall {
namespace {

constexpr std::size_t flow_capacity = 64;  // of one probe at a time
constexpr Duration longer_than_any_flow = std::chrono::seconds(432001);
constexpr std::uint16_t client_port = 40000;
constexpr std::uint32_t usual_length = 60;

struct Local {
  std::string name;
  IpAddress address;
};

bool names(const std::vector<std::string>& ids, const std::string& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// The interfaces that the rule protects, each with its first address of every family.
std::vector<Local> protected_by(const Policy& policy, const RuleIdentity& rule) {
  std::vector<Local> all;
  for (const Interface& interface : policy.interfaces) {
    const auto subnet = std::find_if(policy.subnets.begin(), policy.subnets.end(),
                                     [&](const Subnet& one) { return one.id == interface.subnet; });
    const bool meets_it = rule.kind == RuleKind::acl_entry
                              ? subnet != policy.subnets.end() && subnet->network_acl == rule.owner
                              : names(interface.security_groups, rule.owner);
    if (!meets_it) continue;
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      const auto address =
          std::find_if(interface.addresses.begin(), interface.addresses.end(),
                       [&](const Prefix& one) { return one.is_host() && one.base.family == family; });
      if (address != interface.addresses.end()) all.push_back({interface.name, address->base});
    }
  }
  return all;
}

Packet packet_of(const PacketKind& kind, const IpAddress& source, std::uint16_t source_port,
                 const IpAddress& destination) {
  Packet packet;
  packet.source = source;
  packet.destination = destination;
  packet.protocol = kind.protocol;
  packet.length = usual_length;
  if (has_ports(kind.protocol)) {
    packet.transport = Transport::whole;
    packet.source_port = source_port;
    packet.destination_port = kind.port;
    packet.tcp_flags.syn = kind.protocol == Protocol::tcp;
  } else if (kind.protocol == (source.family == Family::ipv4 ? Protocol::icmp : Protocol::icmpv6)) {
    packet.transport = Transport::whole;
    packet.icmp_type = kind.icmp_type;
    packet.icmp_code = kind.icmp_code;
  }
  return packet;
}

class Search {
 public:
  Search(const Policy& policy, const Policy& mutated, const Mutation& mutation)
      : direction_(mutation.rule.identity.direction),
        locals_(protected_by(policy, mutation.rule.identity)),
        borders_(borders_of(policy, mutation)),
        before_(policy, flow_capacity),
        after_(mutated, flow_capacity) {}

  std::optional<Witness> run() {
    if (const auto alone = every_packet(&Search::alone)) return alone;
    return every_packet(&Search::as_reply);
  }

 private:
  using Try = std::optional<Witness> (Search::*)(const Local&, const PacketKind&, const IpAddress&);

  std::optional<Witness> every_packet(Try attempt) {
    for (const PacketKind& kind : borders_.kinds)
      for (const Local& local : locals_)
        for (const IpAddress& peer : borders_.peers) {
          if (peer.family != local.address.family || peer == local.address) continue;
          if (auto witness = (this->*attempt)(local, kind, peer)) return witness;
        }
    return std::nullopt;
  }

  std::optional<Witness> alone(const Local& local, const PacketKind& kind, const IpAddress& peer) {
    return tells_apart(local, std::nullopt, facing(kind, local, client_port, peer, direction_));
  }

  // The packet that opens the flow goes the opposite way, from the port that the reply goes to.
  std::optional<Witness> as_reply(const Local& local, const PacketKind& kind, const IpAddress& peer) {
    const Direction back = opposite(direction_);
    if (!has_ports(kind.protocol)) {
      PacketKind question = kind;
      if (is_icmp(kind.protocol)) {
        const auto query = answered_query(kind.protocol, kind.icmp_type);
        if (!query) return std::nullopt;
        question.icmp_type = *query;
      }
      return tells_apart(local, facing(question, local, 0, peer, back),
                         facing(kind, local, 0, peer, direction_));
    }
    for (const std::uint16_t port : borders_.ports) {
      const Packet opening = facing({kind.protocol, port, 0, 0}, local, kind.port, peer, back);
      Packet reply = facing(kind, local, port, peer, direction_);
      reply.tcp_flags.ack = reply.tcp_flags.syn;
      if (auto witness = tells_apart(local, opening, reply)) return witness;
    }
    return std::nullopt;
  }

  [[nodiscard]] static Packet facing(const PacketKind& kind, const Local& local, std::uint16_t source_port,
                                     const IpAddress& peer, Direction direction) {
    return direction == Direction::ingress ? packet_of(kind, peer, source_port, local.address)
                                           : packet_of(kind, local.address, source_port, peer);
  }

  std::optional<Witness> tells_apart(const Local& local, const std::optional<Packet>& opening,
                                     const Packet& packet) {
    if (probes_ == max_probes) return std::nullopt;
    ++probes_;
    at_ += longer_than_any_flow;
    Witness witness{local.name, {}, {}};
    if (opening) {
      const Direction back = opposite(direction_);
      witness.steps.push_back({*opening, back, judge(before_, *opening, local, back)});
      (void)judge(after_, *opening, local, back);
    }
    witness.steps.push_back({packet, direction_, judge(before_, packet, local, direction_)});
    witness.mutated = judge(after_, packet, local, direction_);
    const SeenPacket& seen = witness.steps.back().seen;
    if (seen.fate == witness.mutated.fate && seen.gates == witness.mutated.gates) return std::nullopt;
    return witness;
  }

  [[nodiscard]] SeenPacket judge(Simulation& simulation, const Packet& packet, const Local& local,
                                 Direction direction) const {
    const InterfaceIndex index = simulation.policy().interface_named(local.name);
    Journey journey;
    (direction == Direction::ingress ? journey.enters : journey.leaves) = index;
    const Decision decision = simulation.packet(packet, journey, at_);
    return {decision.verdict == Verdict::accept ? Fate::accept : Fate::drop,
            gates_of(decision, simulation.policy(), simulation.slots()), decision.reason};
  }

  Direction direction_;
  std::vector<Local> locals_;
  RuleBorders borders_;
  Simulation before_, after_;
  Duration at_{};
  std::size_t probes_ = 0;
};

// A plain scalar of YAML's flow style where that is safe; JSON is YAML elsewhere.
std::string scalar(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' ||
           c == '-' || c == '_' || c == '.' || c == '*';
  });
  const bool letter =
      !text.empty() && ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z'));
  return plain && letter ? text : nlohmann::ordered_json(text).dump();
}

}  // namespace

std::optional<Witness> find_witness(const Policy& policy, const Policy& mutated, const Mutation& mutation) {
  return Search(policy, mutated, mutation).run();
}

std::vector<std::string> step_texts(const Witness& witness) {
  std::vector<std::string> texts;
  for (const WitnessStep& step : witness.steps) {
    std::string gates;
    for (const ExpectedGate& gate : step.seen.gates)
      gates += (gates.empty() ? "" : ", ") + scalar(to_string(gate));
    texts.push_back("{packet: \"" + packet_text(step.packet) + "\", " +
                    (step.direction == Direction::ingress ? "arriving: " : "leaving: ") +
                    scalar(witness.interface) + ", expect: [" + gates +
                    "], verdict: " + std::string(to_string(step.seen.fate)) + '}');
  }
  return texts;
}

}  // namespace vpcwall

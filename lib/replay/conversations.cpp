#include "replay/conversations.h"

#include <algorithm>
#include <utility>

namespace vpcwall {
namespace {

bool same(const GateOutcome& a, const GateOutcome& b) noexcept {
  return a.gate == b.gate && a.outcome == b.outcome && a.interface == b.interface && a.rule == b.rule;
}

void count(std::vector<OutcomeCount>& outcomes, const GateOutcome& gate) {
  const auto found = std::find_if(outcomes.begin(), outcomes.end(),
                                  [&](const OutcomeCount& one) { return same(one.gate, gate); });
  if (found != outcomes.end())
    ++found->packets;
  else if (outcomes.size() < Conversations::max_outcomes)
    outcomes.push_back({gate, 1});
}

bool has_identifier(const Packet& packet) noexcept {
  return is_icmp(packet.protocol) && packet.transport == Transport::whole &&
         (is_icmp_query(packet.protocol, packet.icmp_type) ||
          answered_query(packet.protocol, packet.icmp_type).has_value());
}

}  // namespace

Conversations::Key Conversations::key_of(const Packet& packet) noexcept {
  Key key{packet.protocol, 0, packet.source, packet.destination, packet.source_port, packet.destination_port};
  if (has_identifier(packet)) {
    const std::uint8_t query = answered_query(packet.protocol, packet.icmp_type).value_or(packet.icmp_type);
    key.kind = 1U << 31U | std::uint32_t{query} << 16U | packet.icmp_identifier;
  } else if (is_icmp(packet.protocol)) {
    key.kind = std::uint32_t{packet.icmp_type} << 8U | packet.icmp_code;
  }
  if (std::pair(key.high, key.high_port) < std::pair(key.low, key.low_port)) {
    std::swap(key.low, key.high);
    std::swap(key.low_port, key.high_port);
  }
  return key;
}

Conversation* Conversations::add(const Packet& packet, const Decision& decision, Duration at) {
  const Key key = key_of(packet);
  const auto found = places_.find(key);
  if (found == places_.end() && all_.size() == max_conversations) {
    ++without_room_;
    return nullptr;
  }
  if (found == places_.end()) {
    places_.emplace(key, all_.size());
    all_.emplace_back();
    all_.back().first_packet = packet;
    all_.back().first = at;
  }
  Conversation& conversation = found == places_.end() ? all_.back() : all_[found->second];
  ++conversation.packets;
  conversation.bytes += packet.length;
  ++(decision.verdict == Verdict::accept ? conversation.accepted : conversation.dropped);
  conversation.last = at;
  for (std::size_t i = 0; i < decision.gate_size; ++i) count(conversation.outcomes, decision.gates.at(i));
  return &conversation;
}

std::string describe(const Conversation& conversation) {
  const Packet& packet = conversation.first_packet;
  const bool ports = has_ports(packet.protocol) && packet.transport == Transport::whole;
  const bool named = has_ports(packet.protocol) || is_icmp(packet.protocol);
  std::string text = (named ? "" : "protocol ") + to_string(packet.protocol);
  text += ' ' + end_text(packet.source, packet.source_port, ports) + " - " +
          end_text(packet.destination, packet.destination_port, ports);
  if (has_identifier(packet))
    text += " id " + std::to_string(packet.icmp_identifier);
  else if (is_icmp(packet.protocol) && packet.transport == Transport::whole)
    text += " type " + std::to_string(packet.icmp_type) + " code " + std::to_string(packet.icmp_code);
  return text;
}

}  // namespace vpcwall

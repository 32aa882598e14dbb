#include "observe/observed_flow.h"

#include <bit>

namespace vpcwall {
namespace {

// Odd constants that spread their factor over all bits. Nothing is lost when somebody aims flows at one hash:
// they only push one another out.
constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t word) noexcept {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
  return hash ^ (hash >> 29U);
}

}  // namespace

ObservedFlow observed_flow(const Expected<Packet, ParseError>& packet, const Decision& decision,
                           const CompiledPolicy& policy) noexcept {
  ObservedFlow flow;
  if (decision.gate_size > 0 && decision.gates.front().interface < policy.interfaces.size())
    flow.first_side = policy.interfaces[decision.gates.front().interface].number;
  if (!packet) {
    flow.parse_error = packet.error();
    return flow;
  }
  flow.source = packet->source;
  flow.destination = packet->destination;
  flow.protocol = packet->protocol;
  flow.transport = packet->transport;
  flow.source_port = packet->source_port;
  flow.destination_port = packet->destination_port;
  flow.icmp_type = packet->icmp_type;
  flow.icmp_code = packet->icmp_code;
  flow.icmp_identifier = packet->icmp_identifier;
  return flow;
}

std::uint64_t hash_of(const ObservedFlow& flow) noexcept {
  std::uint64_t hash = mix(flow.source.high, flow.source.low);
  hash = mix(mix(hash, flow.destination.high), flow.destination.low);
  const std::uint64_t ports = (std::uint64_t{flow.source_port} << 16U) | flow.destination_port;
  const std::uint64_t icmp =
      (std::uint64_t{flow.icmp_identifier} << 16U) | (std::uint64_t{flow.icmp_type} << 8U) | flow.icmp_code;
  hash = mix(hash, (icmp << 32U) ^ ports);
  const std::uint64_t side = flow.first_side ? std::uint64_t{*flow.first_side} + 1 : 0;
  hash = mix(hash, (side << 8U) | static_cast<std::uint64_t>(flow.protocol));
  return hash ^ std::rotl(hash, 32);
}

Said said_by(const Decision& decision) noexcept {
  Said said;
  said.verdict = decision.verdict;
  said.reason = decision.reason;
  said.gate_size = decision.gate_size;
  for (std::size_t i = 0; i < decision.gate_size; ++i) {
    said.gates[i] = decision.gates[i].gate;
    said.rules[i] = decision.gates[i].rule;
  }
  return said;
}

}  // namespace vpcwall

#include "lint/probe.h"

#include <array>

namespace vpcwall {
namespace {

constexpr std::size_t flow_places = 16;
constexpr FlowHash::Seed seed{2, 4, 6, 8};
constexpr TimePoint now{std::chrono::hours(1)};
constexpr std::uint64_t cost_of_compiling = 1000;

}  // namespace

Probe::Probe(const Policy& policy, QuestionBudget& budget)
    : policy_(compile(policy, context_, 1)), budget_(budget), flows_(flow_places, seed) {
  budget_.spend(cost_of_compiling + policy.interfaces.size());
}

Journey Probe::entering(const Interface& interface) const {
  return {no_interface, policy_->interface_named(interface.id)};
}

Journey Probe::leaving(const Interface& interface) const {
  return {policy_->interface_named(interface.id), no_interface};
}

Decision Probe::ask(const Packet& packet, const Journey& journey) {
  budget_.spend(1);
  return evaluate(*policy_, {flows_, allowance_}, {packet, journey, now});
}

std::optional<Decision> Probe::converse(const Packet& request, const Journey& there, const Packet& reply,
                                        const Journey& back) {
  const Decision asked = ask(request, there);
  if (asked.verdict == Verdict::drop) return std::nullopt;
  for (std::size_t i = 0; i < asked.effect_size; ++i) {
    const FlowEffect& effect = asked.effects.at(i);
    if (effect.kind == FlowEffect::Kind::open)
      flows_.open(effect.key,
                  {effect.originator, effect.opened_by, request.tcp_flags, effect.timeouts, request.length},
                  now);
  }
  const Decision answered = ask(reply, back);
  for (std::size_t i = 0; i < asked.effect_size; ++i) flows_.erase(asked.effects.at(i).key);
  return answered;
}

std::optional<IpAddress> Probe::peer_between(const IpAddress& first, const IpAddress& last) {
  budget_.spend(1);
  // Of documentation, so that messages show nobody's address where anybody's would do (RFC 5737, RFC 3849).
  static const std::array shown{*parse_address("203.0.113.12"), *parse_address("2001:db8:ffff::12")};
  for (const IpAddress& address : shown)
    if (address.family == first.family && first <= address && address <= last) return address;
  constexpr std::uint32_t tries = 16;  // more than there are exempt addresses side by side
  for (std::uint32_t offset = 0; offset < tries; ++offset) {
    const IpAddress address = advance(first, offset);
    if (address > last || address < first) break;
    if (!policy_->exempt_peers.contains(address)) return address;
  }
  return std::nullopt;
}

std::optional<std::string> Probe::deciding_entry(const Decision& decision) const {
  for (std::size_t i = 0; i < decision.gate_size; ++i) {
    const GateOutcome& gate = decision.gates.at(i);
    if (is_acl(gate.gate)) return context_.slots.identity(gate.rule).rule;
  }
  return std::nullopt;
}

}  // namespace vpcwall

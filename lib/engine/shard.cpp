#include "engine/shard.h"

#include <unordered_map>

namespace vpcwall {
namespace {

// Turns an acceptance that found no room when it took effect into the refusal that evaluate() gives for a
// full table: the packet ends at that interface's group.
void refuse_for_room(Decision& decision, const FlowEffect& effect) noexcept {
  const Gate full = effect.originator == Originator::local ? Gate::sg_egress : Gate::sg_ingress;
  for (std::size_t i = 0; i < decision.gate_size; ++i) {
    GateOutcome& gate = decision.gates[i];
    if (gate.gate != full) continue;
    gate.outcome = Outcome::table_full;
    decision.gate_size = static_cast<std::uint8_t>(i + 1);
    decision.verdict = Verdict::drop;
    decision.reason = Reason::flow_table_full;
    return;
  }
}

}  // namespace

Shard::Shard(std::size_t flow_capacity, const FlowHash::Seed& seed, FlowAllowance& allowance)
    : flows_(flow_capacity, seed), allowance_(allowance) {}

void Shard::adopt(const CompiledPolicy& policy, TimePoint now) {
  std::unordered_map<InterfaceNumber, const CompiledInterface*> interfaces;
  for (const CompiledInterface& interface : policy.interfaces) interfaces[interface.number] = &interface;
  const auto ends = [&](const Flow& flow) {
    const auto found = interfaces.find(flow.key.interface);
    return found == interfaces.end() || is_untracked(policy, *found->second, flow.key);
  };
  flows_.erase_if(now, ends, [this](const Flow& flow) { give_back(flow); });
}

Decision Shard::judge(const CompiledPolicy& policy, const Question& question) {
  const FlowView view{flows_, allowance_};
  Decision decision = evaluate(policy, view, question);
  // "Full" must mean full of live flows: those that only wait to be taken away make room first.
  if (decision.reason == Reason::flow_table_full && expire(question.now, flows_.size()) > 0)
    decision = evaluate(policy, view, question);

  for (std::size_t i = 0; i < decision.effect_size; ++i) {
    if (apply(policy, decision.effects[i], question.packet, question.now)) continue;
    refuse_for_room(decision, decision.effects[i]);
    break;
  }
  counters_.count(decision, question.packet.length, question.now);
  return decision;
}

Decision Shard::explain(const CompiledPolicy& policy, const Question& question, Trace& trace) const {
  return evaluate(policy, FlowView{flows_, allowance_}, question, &trace);
}

std::size_t Shard::expire(TimePoint now, std::size_t budget) {
  return flows_.expire(now, budget, [this](const Flow& flow) { give_back(flow); });
}

bool Shard::apply(const CompiledPolicy& policy, const FlowEffect& effect, const Packet& packet,
                  TimePoint now) {
  switch (effect.kind) {
    case FlowEffect::Kind::none: return true;
    case FlowEffect::Kind::touch:
      flows_.touch(effect.key, {effect.direction, packet.tcp_flags, effect.timeouts, packet.length}, now);
      return true;
    case FlowEffect::Kind::erase:
      if (flows_.erase(effect.key)) allowance_.give(effect.key.interface);
      return true;
    case FlowEffect::Kind::replace:
    case FlowEffect::Kind::open:
      // What may still lie under this key is closed (replace) or expired (open).
      if (flows_.erase(effect.key)) allowance_.give(effect.key.interface);
      if (!allowance_.take(effect.key.interface, policy.behavior.flows_per_interface)) return false;
      if (flows_.open(effect.key,
                      {effect.originator, effect.opened_by, packet.tcp_flags, effect.timeouts, packet.length},
                      now))
        return true;
      allowance_.give(effect.key.interface);
      return false;
  }
  return true;
}

}  // namespace vpcwall

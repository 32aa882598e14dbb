#include "engine/shard.h"

#include <algorithm>
#include <utility>

#include "engine/flow_identity.h"

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

// A later change must not bring back what an earlier one ended (C-25), so the earlier sweep is done first.
void Shard::adopt(std::shared_ptr<const CompiledPolicy> policy, TimePoint now) {
  sweep(now, flows_.places());
  adopted_ = std::move(policy);
  swept_ = 0;
  to_sweep_ = flows_.places();
}

bool Shard::sweep(TimePoint now, std::size_t budget) {
  if (is_swept()) return true;
  const auto last = static_cast<std::uint32_t>(std::min<std::size_t>(to_sweep_, swept_ + budget));
  flows_.erase_if(
      swept_, last, now, [this](const Flow& flow) { return has_ended(flow); },
      [this](const Flow& flow) { give_back(flow); });
  swept_ = last;
  return is_swept();
}

bool Shard::has_ended(const Flow& flow) const noexcept {
  const InterfaceIndex index = adopted_->interface_numbered(flow.key.interface);
  return index == no_interface || is_untracked(*adopted_, adopted_->interfaces[index], flow.key);
}

// What a decision about `question` may look at.
void Shard::end_flows_of(const CompiledPolicy& policy, const Question& question) {
  const auto end = [this, &question](const std::optional<FlowKey>& key) {
    const Flow* flow = key ? flows_.find(*key, question.now) : nullptr;
    if (flow == nullptr || !has_ended(*flow)) return;
    give_back(*flow);
    flows_.erase(*key);
  };
  const auto [leaves, enters] = question.journey;
  for (const auto& [side, direction] :
       {std::pair{leaves, Direction::egress}, std::pair{enters, Direction::ingress}}) {
    if (side == no_interface) continue;
    const InterfaceNumber number = policy.interfaces[side].number;
    end(flow_key(question.packet, direction, number));
    end(quoted_flow_key(question.packet, direction, number));
  }
}

// "Full" must mean full of live flows: those that only wait to be taken away go first.
bool Shard::make_room(TimePoint now) {
  const std::size_t before = flows_.size();
  sweep(now, flows_.places());
  expire(now, before);
  return flows_.size() < before;
}

Decision Shard::judge(const CompiledPolicy& policy, const Question& question) {
  const FlowView view{flows_, allowance_};
  if (!is_swept()) end_flows_of(policy, question);
  Decision decision = evaluate(policy, view, question);
  if (decision.reason == Reason::flow_table_full && make_room(question.now))
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
    case FlowEffect::Kind::none: return true;  // GCOVR_EXCL_LINE: evaluate() lists no such effect
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
      // GCOVR_EXCL_START: evaluate() saw room for both sides, and nobody else writes this table
      allowance_.give(effect.key.interface);
      return false;
      // GCOVR_EXCL_STOP
  }
  return true;  // GCOVR_EXCL_LINE: every value has its case
}

}  // namespace vpcwall

#include "engine/shard.h"

#include <algorithm>
#include <utility>

#include "engine/flow_identity.h"

namespace vpcwall {
namespace {

// How often a full table is searched for flows that ended in the kernel: it takes milliseconds.
constexpr Duration between_searches = std::chrono::milliseconds(100);

// Turns an acceptance that found no room when it took effect into the refusal that evaluate() gives for a
// full table: the packet ends at that interface's group.
void refuse_for_room(Decision& decision, const FlowEffect& effect) noexcept {
  const Gate full = effect.originator == Originator::local ? Gate::sg_egress : Gate::sg_ingress;
  for (std::size_t i = 0; i < decision.gate_size; ++i) {
    GateOutcome& gate = decision.gates[i];
    if (gate.gate != full) continue;
    gate.outcome = Outcome::table_full;
    decision.gate_size = static_cast<std::uint8_t>(i + 1);
    decision.reason = Reason::flow_table_full;
    decision.verdict = verdict_of(decision.reason);
    return;
  }
}

}  // namespace

Shard::Shard(std::size_t flow_capacity, const FlowHash::Seed& seed, FlowAllowance& allowance)
    : flows_(flow_capacity, seed), allowance_(allowance) {}

void Shard::use(FastPath& fast_path, Places::Owner owner, bool refusals) {
  cache_ = std::make_unique<Cache>(fast_path, owner, flows_, counters_, refusals);
}

void Shard::came(const FlowKey& key) {
  if (cache_) cache_->fast_path.flow_came(key);
}

// What is no more passes no packet.
void Shard::left(const FlowKey& key) {
  allowance_.give(key.interface);
  if (!cache_) return;
  if (has_ports(key.protocol)) cache_->flows.forget(key);
  cache_->fast_path.flow_left(key);
}

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
      swept_, last, [this, now](const Flow& flow) { return has_ended(flow) || !is_in_use(flow, now); },
      [this](const Flow& flow) { left(flow.key); });
  swept_ = last;
  return is_swept();
}

bool Shard::has_ended(const Flow& flow) const noexcept { return vpcwall::has_ended(*adopted_, flow.key); }

// What a decision about `question` may look at.
void Shard::end_flows_of(const CompiledPolicy& policy, const Question& question) {
  const auto end = [this, &question](const std::optional<FlowKey>& key) {
    const Flow* flow = key ? flows_.find(*key, question.now) : nullptr;
    if (flow == nullptr || !has_ended(*flow)) return;
    left(*key);
    flows_.erase(*key);
  };
  const Journey& journey = question.journey;
  for (const auto& [side, direction] :
       {std::pair{journey.leaves, Direction::egress}, std::pair{journey.enters, Direction::ingress}}) {
    if (side == no_interface) continue;
    const InterfaceNumber number = policy.interfaces[side].number;
    end(flow_key(question.packet, direction, number));
    end(quoted_flow_key(question.packet, direction, number));
  }
}

// What an earlier process knew about the packet's flow belongs to whoever gets the flow's packets now.
void Shard::claim_flows_of(const CompiledPolicy& policy, const Question& question) {
  const Journey& journey = question.journey;
  for (const auto& [side, direction] :
       {std::pair{journey.leaves, Direction::egress}, std::pair{journey.enters, Direction::ingress}}) {
    if (side == no_interface) continue;
    const auto key = flow_key(question.packet, direction, policy.interfaces[side].number);
    if (!key || flows_.find_held(*key) != nullptr) continue;
    const auto flow = waiting_->claim(*key);
    if (flow && (has_ended(*flow) || !flows_.take_in(*flow, question.now))) waiting_->give_back(*key);
  }
}

// "Full" must mean full of live flows: those that only wait to be taken away go first.
bool Shard::make_room(TimePoint now) {
  const std::size_t before = flows_.size();
  sweep(now, flows_.places());
  expire(now, before);
  if (cache_ && flows_.size() == before && now - cache_->looked_at_all >= between_searches) {
    cache_->looked_at_all = now;
    cache_->flows.take_over_all(adopted_->generation);
    flows_.erase_if(
        0, flows_.places(), [now](const Flow& flow) { return flow.expires <= now; },
        [this](const Flow& flow) { left(flow.key); });
  }
  return flows_.size() < before;
}

Decision Shard::judge(const CompiledPolicy& policy, const Question& question) {
  const FlowView view{flows_, allowance_};
  if (waiting_ != nullptr && waiting_->any()) claim_flows_of(policy, question);
  const bool still_cached = cache_ && cache_->flows.settle(question.packet);
  if (!is_swept()) end_flows_of(policy, question);
  Decision decision = evaluate(policy, view, question);
  if (decision.reason == Reason::flow_table_full && make_room(question.now))
    decision = evaluate(policy, view, question);

  if (still_cached && decision.effect_size > 0) cache_->flows.forget(question.packet);
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

void Shard::remember(const CompiledPolicy& policy, const Question& question, const Decision& decision,
                     const Passages& passages) {
  if (!cache_) return;
  const FastPath& shared = cache_->fast_path;
  if (decision.verdict == Verdict::accept) {
    if (!shared.flows_rest())
      cache_->flows.remember(policy, FlowView{flows_, allowance_}, question, decision, passages);
  } else if (cache_->remembers_refusals && !shared.refusals_rest()) {
    cache_->refusals.remember(policy, question, decision, passages.there);
  }
}

bool Shard::take_over(std::size_t budget) {
  if (!cache_ || !adopted_) return true;
  cache_->flows.reclaim();
  cache_->refusals.reclaim();
  // Records of another generation go, and so do those of a cache that rests.
  const std::uint64_t valid = adopted_->generation, none = valid + 1;
  if (!cache_->flows_done) {
    cache_->flows_done = cache_->flows.take_over(budget, cache_->fast_path.flows_rest() ? none : valid);
    return false;
  }
  const bool done = cache_->refusals.take_over(budget, cache_->fast_path.refusals_rest() ? none : valid);
  cache_->flows_done = !done;
  return done;
}

bool Shard::awaits(const FlowKey& key, TimePoint now) const {
  return waiting_ != nullptr && waiting_->any() && waiting_->find(key, now).has_value();
}

bool Shard::tracks(const FlowKey& key, TimePoint now) const {
  if (awaits(key, now)) return true;
  const Flow* flow = flows_.find_held(key);
  if (flow == nullptr || !(is_swept() || !has_ended(*flow))) return false;
  const auto known_better = cache_ ? cache_->flows.expiry(key) : std::nullopt;
  return known_better.value_or(flow->expires) > now;
}

std::size_t Shard::expire(TimePoint now, std::size_t budget) {
  return flows_.expire(
      now, budget, [this, now](const Flow& flow) { return is_in_use(flow, now); },
      [this](const Flow& flow) { left(flow.key); });
}

// Whether the flow lives, as the kernel knows it.
bool Shard::is_in_use(const Flow& flow, TimePoint now) {
  if (cache_ && flow.expires <= now) cache_->flows.take_over(flow.key);
  return flow.expires > now;
}

void Shard::erase(const FlowKey& key) {
  if (flows_.find_held(key) == nullptr) return;
  left(key);
  flows_.erase(key);
}

bool Shard::apply(const CompiledPolicy& policy, const FlowEffect& effect, const Packet& packet,
                  TimePoint now) {
  switch (effect.kind) {
    case FlowEffect::Kind::none: return true;  // GCOVR_EXCL_LINE: evaluate() lists no such effect
    case FlowEffect::Kind::touch:
      flows_.touch(effect.key, {effect.direction, packet.tcp_flags, effect.timeouts, packet.length}, now);
      return true;
    case FlowEffect::Kind::erase: erase(effect.key); return true;
    case FlowEffect::Kind::replace:
    case FlowEffect::Kind::open:
      // What may still lie under this key is closed (replace) or expired (open).
      erase(effect.key);
      if (!allowance_.take(effect.key.interface, policy.behavior.flows_per_interface)) return false;
      if (flows_.open(effect.key,
                      {effect.originator, effect.opened_by, packet.tcp_flags, effect.timeouts, packet.length},
                      now)) {
        came(effect.key);
        return true;
      }
      // GCOVR_EXCL_START: evaluate() saw room for both sides, and nobody else writes this table
      allowance_.give(effect.key.interface);
      return false;
      // GCOVR_EXCL_STOP
  }
  return true;  // GCOVR_EXCL_LINE: every value has its case
}

}  // namespace vpcwall

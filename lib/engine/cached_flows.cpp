#include "engine/cached_flows.h"

#include <algorithm>
#include <utility>

#include "engine/flow_identity.h"

namespace vpcwall {
namespace {

constexpr std::uint32_t idle_byte_max = 255;

std::uint64_t load(std::uint64_t& shared) noexcept {
  return std::atomic_ref(shared).load(std::memory_order_relaxed);
}

TimePoint time_of(std::uint64_t nanoseconds) noexcept {
  return TimePoint(Duration(static_cast<Duration::rep>(nanoseconds)));
}

// Whether every packet of the same tuple would be judged like this one: what may be opened has been opened,
// and no gate looked at flags.
bool is_repeatable(const Decision& decision) noexcept {
  if (decision.verdict != Verdict::accept || decision.reason != Reason::passed) return false;
  if (decision.gate_size > JudgedGates::most) return false;
  const auto* const end = decision.gates.begin() + decision.gate_size;
  return std::all_of(decision.gates.begin(), end, [](const GateOutcome& gate) {
    return gate.outcome == Outcome::allow || gate.outcome == Outcome::tracked ||
           gate.outcome == Outcome::untracked;
  });
}

JudgedGates gates_of(const Decision& decision) noexcept {
  JudgedGates judged{decision.reason, decision.gate_size, {}};
  std::copy_n(decision.gates.begin(), decision.gate_size, judged.gates.begin());
  return judged;
}

bool touches_the_same(const Decision& a, const Decision& b) noexcept {
  if (a.effect_size != b.effect_size) return false;
  const auto touches = [&b](const FlowEffect& one) {
    const auto* const end = b.effects.begin() + b.effect_size;
    return std::any_of(b.effects.begin(), end, [&](const FlowEffect& other) { return other.key == one.key; });
  };
  return std::all_of(a.effects.begin(), a.effects.begin() + a.effect_size, touches);
}

Packet next_of(const Packet& packet) noexcept {
  Packet next = packet;
  next.tcp_flags = {.ack = true};
  return next;
}

Packet answer_to(const Packet& packet) noexcept {
  Packet answer = next_of(packet);
  std::swap(answer.source, answer.destination);
  std::swap(answer.source_port, answer.destination_port);
  return answer;
}

bool fits(const FlowTimeouts& timeouts) noexcept {
  return timeouts.udp <= idle_byte_max && timeouts.udp_stream <= idle_byte_max;
}

FlowDirection opposite(FlowDirection direction) noexcept {
  return direction == FlowDirection::original ? FlowDirection::reply : FlowDirection::original;
}

bool has_one_end(const fast_path::flow_tuple& tuple) noexcept {
  return tuple.first_address[0] == tuple.second_address[0] &&
         tuple.first_address[1] == tuple.second_address[1] && tuple.first_port == tuple.second_port;
}

void let_pass(fast_path::flow_direction& direction, const Passage& passage) noexcept {
  direction.in_device = passage.in_device;
  direction.out_class = passage.out_class;
  direction.passes = 1;
}

}  // namespace

CachedFlows::CachedFlows(FastPath& fast_path, Places::Owner owner, FlowTable& flows, Counters& counters)
    : fast_path_(fast_path),
      places_(fast_path.flow_places()),
      owner_(owner),
      flows_(flows),
      counters_(counters),
      records_(places_, owner, fast_path.grace_periods()) {}

const CachedFlows::Held* CachedFlows::find(const fast_path::flow_tuple& tuple) const {
  if (size() == 0) return nullptr;
  const auto place =
      places_.find(fast_path::hash_tuple(&tuple, fast_path_.hash_key()), owner_, [&](std::uint32_t at) {
        return !records_.at(at).retired &&
               fast_path::same_tuple(&fast_path_.memory().flows[at].tuple, &tuple) != 0;
      });
  return place ? &records_.at(*place) : nullptr;
}

CachedFlows::Held* CachedFlows::find(const fast_path::flow_tuple& tuple) {
  return const_cast<Held*>(std::as_const(*this).find(tuple));
}

bool CachedFlows::passes(const Packet& packet, const Passage& passage, TimePoint now) {
  if (!has_ports(packet.protocol) || packet.transport != Transport::whole) return false;
  if (packet.protocol == Protocol::tcp && packet.tcp_flags.opens()) return false;
  const DirectedTuple directed = directed_tuple(packet);
  Held* held = find(directed.tuple);
  if (held == nullptr) return false;
  const fast_path::parsed_packet parsed{directed.tuple, directed.direction, packet.length,
                                        packet.tcp_flags.to_byte()};
  const std::uint32_t generation =
      std::atomic_ref(fast_path_.memory().control->generation).load(std::memory_order_relaxed);
  return fast_path::pass(&record(*held), &parsed, generation,
                         static_cast<std::uint64_t>(now.time_since_epoch().count()), passage.in_device,
                         passage.out_class) != 0;
}

bool CachedFlows::settle(const Packet& packet) {
  if (packet.quoted)
    for (const Direction direction : {Direction::ingress, Direction::egress})
      if (const auto key = quoted_flow_key(packet, direction, 0)) take_over(*key);
  if (!has_ports(packet.protocol) || packet.transport != Transport::whole) return false;
  const DirectedTuple directed = directed_tuple(packet);
  Held* held = find(directed.tuple);
  if (held == nullptr) return false;
  if (held->refused[directed.direction]) {
    take_over(*held);
    return true;
  }
  retire(*held);
  return false;
}

void CachedFlows::forget(const fast_path::flow_tuple& tuple) {
  if (Held* held = find(tuple)) retire(*held);
}

bool CachedFlows::take_over(const FlowKey& key) {
  Held* held = find(directed_tuple(key).tuple);
  if (held == nullptr) return false;
  take_over(*held);
  return true;
}

std::optional<TimePoint> CachedFlows::expiry(const FlowKey& key) const {
  const Held* held = find(directed_tuple(key).tuple);
  if (held == nullptr) return std::nullopt;
  fast_path::flow_record& shared = record(*held);
  const std::uint32_t state = std::atomic_ref(shared.state).load(std::memory_order_relaxed);
  const TimePoint last = time_of(last_packet(*held));
  for (std::size_t side = 0; side < held->sides.size(); ++side) {
    if (!held->sides[side].tracked || held->sides[side].key != key) continue;
    const auto now_in =
        static_cast<FlowState>(state >> (fast_path::side_bits * side) & fast_path::side_state);
    return last + idle_timeout(now_in, held->sides[side].timeouts);
  }
  return std::nullopt;
}

// What the kernel counted since the last time, added to the rules; the last hit is the direction's.
std::array<Count, 2> CachedFlows::count_new(Held& held) {
  fast_path::flow_record& shared = record(held);
  std::array<Count, 2> fresh;
  for (std::size_t direction = 0; direction < fresh.size(); ++direction) {
    fast_path::flow_direction& line = shared.direction[direction];
    Count& counted = held.counted[direction];
    const std::uint64_t packets = load(line.packets), bytes = load(line.bytes);
    fresh[direction] = {packets - counted.packets, bytes - counted.bytes, time_of(load(line.last))};
    counted.packets = packets;
    counted.bytes = bytes;
    if (fresh[direction].packets != 0 || fresh[direction].bytes != 0)
      counters_.count(held.gates[direction], fresh[direction]);
  }
  return fresh;
}

void CachedFlows::take_over(Held& held) {
  const std::uint32_t state =
      std::atomic_ref(record(held).state).load(std::memory_order_acquire) & ~VPCWALL_RETIRED;
  const std::array<Count, 2> fresh = count_new(held);
  if (state == held.state && fresh[0].packets == 0 && fresh[1].packets == 0) return;
  held.state = state;
  for (std::size_t side = 0; side < held.sides.size(); ++side) {
    const Kept::Side& one = held.sides[side];
    if (!one.tracked) continue;
    FlowProgress progress;
    progress.state = static_cast<FlowState>(state >> (fast_path::side_bits * side) & fast_path::side_state);
    progress.last_packet = std::max(fresh[0].last_hit, fresh[1].last_hit);
    progress.timeouts = one.timeouts;
    for (std::size_t direction = 0; direction < fresh.size(); ++direction) {
      const auto as = static_cast<std::size_t>(direction == 0 ? one.first_end : opposite(one.first_end));
      progress.packets[as] += fresh[direction].packets;
      progress.bytes[as] += fresh[direction].bytes;
    }
    flows_.catch_up(one.key, progress);
  }
}

void CachedFlows::retire(Held& held) {
  fast_path::flow_record& shared = record(held);
  std::atomic_ref(shared.state).fetch_or(VPCWALL_RETIRED, std::memory_order_acq_rel);
  std::atomic_ref(shared.generation).store(0, std::memory_order_release);
  take_over(held);
  records_.retire(held);
}

// A packet that was on its way through the program when its record was retired counts as well.
void CachedFlows::reclaim() {
  records_.reclaim([this](Held& held) {
    const std::array<Count, 2> late = count_new(held);
    if (late[0].packets + late[1].packets == 0) return;
    for (const Kept::Side& side : held.sides) {
      const Flow* flow = side.tracked ? flows_.find_held(side.key) : nullptr;
      if (flow == nullptr || flow->opened_at != side.opened_at) continue;
      FlowProgress progress{flow->state, flow->last_packet, {}, {}, side.timeouts};
      for (std::size_t direction = 0; direction < late.size(); ++direction) {
        const auto as = static_cast<std::size_t>(direction == 0 ? side.first_end : opposite(side.first_end));
        progress.packets[as] += late[direction].packets;
        progress.bytes[as] += late[direction].bytes;
      }
      flows_.catch_up(side.key, progress);
    }
  });
}

void CachedFlows::renew(Held& held, std::uint32_t mark) {
  if (record(held).generation == mark)
    take_over(held);
  else
    retire(held);
}

bool CachedFlows::take_over(std::size_t budget, std::uint64_t generation) {
  return records_.visit(budget,
                        [this, mark = generation_mark(generation)](Held& held) { renew(held, mark); });
}

void CachedFlows::take_over_all(std::uint64_t generation) {
  records_.visit_all([this, mark = generation_mark(generation)](Held& held) { renew(held, mark); });
}

std::uint64_t CachedFlows::last_packet(const Held& held) const noexcept {
  fast_path::flow_record& shared = record(held);
  return std::max(load(shared.direction[0].last), load(shared.direction[1].last));
}

// A full bucket: the flow that has been quiet for the longest time goes, so that there is a place once the
// kernel has let go of it.
void CachedFlows::make_room(std::uint64_t hash) {
  Held* held = records_.quietest(hash, [this](const Held& one) { return last_packet(one); });
  if (held != nullptr) retire(*held);
}

void CachedFlows::remember(const CompiledPolicy& policy, FlowView view, const Question& question,
                           const Decision& decision, const Passages& passages) {
  const Packet& packet = question.packet;
  if (decision.verdict != Verdict::accept || decision.reason != Reason::passed) return;
  if (!has_ports(packet.protocol) || packet.transport != Transport::whole) return;
  if (!passages.there.is_known()) return;
  const DirectedTuple directed = directed_tuple(packet);
  if (has_one_end(directed.tuple) || find(directed.tuple) != nullptr) return;

  const Decision there = evaluate(policy, view, {next_of(packet), question.journey, question.now});
  if (!is_repeatable(there)) return;
  for (std::size_t i = 0; i < there.effect_size; ++i)
    if (!fits(there.effects[i].timeouts)) return;

  const std::uint64_t hash = fast_path::hash_tuple(&directed.tuple, fast_path_.hash_key());
  const auto place = places_.claim(hash, owner_);
  if (!place) return make_room(hash);

  const Decision back = evaluate(policy, view, {answer_to(packet), passages.journey_back, question.now});
  const std::size_t from_here = directed.direction, from_there = 1 - directed.direction;
  Held& held = records_.hold(*place);
  fast_path::flow_record& shared = record(held);
  shared = fast_path::flow_record{};
  shared.tuple = directed.tuple;
  held.gates[from_here] = gates_of(there);
  let_pass(shared.direction[from_here], passages.there);
  if (passages.back.is_known() && is_repeatable(back) && touches_the_same(there, back)) {
    held.gates[from_there] = gates_of(back);
    let_pass(shared.direction[from_there], passages.back);
  }
  held.refused[from_there] = back.verdict == Verdict::drop && back.effect_size == 0;
  const auto now = static_cast<std::uint64_t>(question.now.time_since_epoch().count());
  for (fast_path::flow_direction& line : shared.direction) line.last = now;

  for (std::size_t side = 0; side < there.effect_size; ++side) {
    const FlowEffect& effect = there.effects[side];
    const Flow* flow = flows_.find(effect.key, question.now);
    Kept::Side& one = held.sides[side];
    shared.direction[side].side_interface =
        policy.interfaces[policy.interface_numbered(effect.key.interface)].mark;
    shared.direction[side].side_opened =
        static_cast<std::uint64_t>(flow->opened_at.time_since_epoch().count());
    shared.direction[side].side_first_is_local = directed_tuple(effect.key).direction == 0 ? 1 : 0;
    one = {true, effect.key, from_here == 0 ? effect.direction : opposite(effect.direction), effect.timeouts,
           flow->opened_at};
    const std::uint32_t replies = one.first_end == FlowDirection::reply ? +fast_path::side_first_replies : 0U;
    held.state |= (static_cast<std::uint32_t>(flow->state) | fast_path::side_tracked | replies)
                  << (fast_path::side_bits * side);
    shared.idle[side] = {effect.timeouts.tcp_established, static_cast<std::uint8_t>(effect.timeouts.udp),
                         static_cast<std::uint8_t>(effect.timeouts.udp_stream), 0};
  }
  shared.state = held.state;
  std::atomic_ref(shared.generation).store(generation_mark(policy.generation), std::memory_order_release);
  places_.publish(*place, hash);
  make_room(hash);
}

}  // namespace vpcwall

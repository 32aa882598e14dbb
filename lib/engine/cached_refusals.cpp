#include "engine/cached_refusals.h"

#include <algorithm>
#include <array>
#include <utility>

#include "fast_path/tuple.h"

namespace vpcwall {
namespace {

constexpr std::array<Prefix, 2> this_host{{
    {{std::uint64_t{127} << 56U, 0, Family::ipv4}, 8},
    {{0, 1, Family::ipv6}, 128},
}};
constexpr Prefix multicast4{{std::uint64_t{224} << 56U, 0, Family::ipv4}, 4};
constexpr Prefix multicast6{{0xffULL << 56U, 0, Family::ipv6}, 8};

// DHCP is exempt by its ports, the source's included (E-19).
bool may_be_dhcp(const Packet& packet) noexcept {
  const std::uint16_t port = packet.destination_port;
  return packet.protocol == Protocol::udp && (port == 67 || port == 68 || port == 546 || port == 547);
}

// Refused by rules alone, before any gate could have opened a flow.
bool is_stateless(const Decision& decision) noexcept {
  const bool by_rules = decision.reason == Reason::acl_entry || decision.reason == Reason::acl_default ||
                        decision.reason == Reason::no_group_rule ||
                        decision.reason == Reason::source_dest_check;
  if (decision.verdict != Verdict::drop || !by_rules) return false;
  if (decision.gate_size == 0 || decision.gate_size > JudgedGates::most) return false;
  return std::all_of(decision.gates.begin(), decision.gates.begin() + decision.gate_size - 1,
                     [](const GateOutcome& gate) { return is_acl(gate.gate); });
}

bool is_service(const CompiledPolicy& policy, const IpAddress& source) noexcept {
  const auto contains = [&source](const Prefix& prefix) { return prefix.contains(source); };
  return std::any_of(policy.vpc_ranges.begin(), policy.vpc_ranges.end(), contains) ||
         std::any_of(this_host.begin(), this_host.end(), contains) || policy.exempt_peers.contains(source);
}

bool are_few(const CompiledPolicy& policy) noexcept {
  return policy.vpc_ranges.size() + policy.exempt_peers.prefixes().size() + this_host.size() <=
         fast_path::most_services;
}

// Some rule that would have been asked before the answer names a source.
bool asks_for_source(const CompiledEntries& list, TrafficKind kind) noexcept {
  for (const CompiledEntry& entry : list.entries)
    if (entry.traffic.matches(kind)) return !entry.cidr.is_open();
  return false;
}
bool asks_for_source(const CompiledRules& rules, TrafficKind kind) noexcept {
  return std::any_of(rules.rules.begin(), rules.rules.end(),
                     [kind](const CompiledRule& rule) { return rule.traffic.matches(kind); });
}

// What refused this packet from outside would refuse it from every other address outside (S-5, N-5).
bool is_for_any_source(const CompiledPolicy& policy, const Question& question, const Decision& decision) {
  const Packet& packet = question.packet;
  const auto [leaves, enters, ends] = question.journey;
  if (leaves != no_interface || !are_few(policy) || is_service(policy, packet.source)) return false;
  const CompiledInterface& interface = policy.interfaces[enters];
  const TrafficKind kind = kind_of(packet);
  for (std::size_t i = 0; i < decision.gate_size; ++i) {
    const GateOutcome& gate = decision.gates[i];
    if (gate.gate == Gate::acl_ingress) {
      const CompiledAcl& acl = policy.acls[policy.subnets[interface.subnet].acl];
      if (asks_for_source(acl.lists[at(Direction::ingress)][at(packet.family())], kind)) return false;
    }
    if (gate.gate == Gate::sg_ingress &&
        interface.any_part(Direction::ingress, packet.family(),
                           [kind](const CompiledRules& rules) { return asks_for_source(rules, kind); }))
      return false;
  }
  return true;
}

}  // namespace

std::optional<std::vector<Prefix>> services_of(const CompiledPolicy& policy) {
  if (!are_few(policy)) return std::nullopt;
  const std::span<const Prefix> exempt = policy.exempt_peers.prefixes();
  std::vector<Prefix> services(policy.vpc_ranges);
  services.insert(services.end(), exempt.begin(), exempt.end());
  services.insert(services.end(), this_host.begin(), this_host.end());
  return services;
}

CachedRefusals::CachedRefusals(FastPath& fast_path, Places::Owner owner, Counters& counters)
    : fast_path_(fast_path),
      places_(fast_path.refusal_places()),
      owner_(owner),
      counters_(counters),
      records_(places_, owner, fast_path.grace_periods()) {}

bool CachedRefusals::is_known(const fast_path::refusal_key& key, std::uint64_t hash) const {
  return places_
      .find(hash, owner_,
            [&](std::uint32_t place) {
              return !records_.at(place).retired &&
                     fast_path::same_refusal(&fast_path_.memory().refusals[place].key, &key) != 0;
            })
      .has_value();
}

void CachedRefusals::remember(const CompiledPolicy& policy, const Question& question,
                              const Decision& decision, const Passage& passage) {
  const Packet& packet = question.packet;
  if (!is_stateless(decision) || !passage.is_known()) return;
  if (!has_ports(packet.protocol) || packet.transport != Transport::whole || may_be_dhcp(packet)) return;
  if (multicast4.contains(packet.destination) || multicast6.contains(packet.destination)) return;
  fast_path::parsed_packet parsed{};
  const DirectedTuple directed = directed_tuple(packet);
  parsed.tuple = directed.tuple;
  parsed.direction = directed.direction;
  // With a flow, state may have had its say.
  if (fast_path_.presence().may_have_flow(fast_path::hash_tuple(&parsed.tuple, fast_path_.hash_key())))
    return;

  fast_path::refusal_key key{};
  fast_path::refusal_key_of(&parsed, passage.in_device, passage.out_class, &key);
  if (is_for_any_source(policy, question, decision)) fast_path::widen(&key);
  const std::uint64_t hash = fast_path::hash_refusal(&key, fast_path_.hash_key());
  if (is_known(key, hash)) return;
  const auto place = places_.claim(hash, owner_);
  if (!place) return make_room(hash);

  Held& held = records_.hold(*place);
  held.gates.reason = decision.reason;
  held.gates.size = decision.gate_size;
  std::copy_n(decision.gates.begin(), decision.gate_size, held.gates.gates.begin());
  fast_path::refusal_record& shared = record(held);
  shared = fast_path::refusal_record{};
  shared.key = key;
  shared.last = static_cast<std::uint64_t>(question.now.time_since_epoch().count());
  std::atomic_ref(shared.generation).store(generation_mark(policy.generation), std::memory_order_release);
  places_.publish(*place, hash);
  make_room(hash);
}

void CachedRefusals::take_over(Held& held) {
  fast_path::refusal_record& shared = record(held);
  const std::uint64_t packets = std::atomic_ref(shared.packets).load(std::memory_order_relaxed);
  const std::uint64_t bytes = std::atomic_ref(shared.bytes).load(std::memory_order_relaxed);
  if (packets == held.counted.packets && bytes == held.counted.bytes) return;
  const std::uint64_t last = std::atomic_ref(shared.last).load(std::memory_order_relaxed);
  counters_.count(held.gates, {packets - held.counted.packets, bytes - held.counted.bytes,
                               TimePoint(Duration(static_cast<Duration::rep>(last)))});
  held.counted.packets = packets;
  held.counted.bytes = bytes;
}

void CachedRefusals::retire(Held& held) {
  std::atomic_ref(record(held).generation).store(0, std::memory_order_release);
  take_over(held);
  records_.retire(held);
}

void CachedRefusals::reclaim() {
  records_.reclaim([this](Held& held) { take_over(held); });
}

bool CachedRefusals::take_over(std::size_t budget, std::uint64_t generation) {
  return records_.visit(budget, [this, mark = generation_mark(generation)](Held& held) {
    if (record(held).generation == mark)
      take_over(held);
    else
      retire(held);
  });
}

// As for flows: the one that was asked for least recently goes.
void CachedRefusals::make_room(std::uint64_t hash) {
  Held* held = records_.quietest(hash, [this](const Held& one) {
    return std::atomic_ref(record(one).last).load(std::memory_order_relaxed);
  });
  if (held != nullptr) retire(*held);
}

}  // namespace vpcwall

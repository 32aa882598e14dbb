#include "property/fast_path_play.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>

#include "engine/shard.h"
#include "fast_path/program.h"
#include "fast_path/tuple.h"
#include "policy/compile.h"
#include "property/play.h"
#include "scenario/packet_text.h"

namespace vpcwall::property {
namespace {

constexpr FlowHash::Seed seed{1, 2, 3, 4};
constexpr std::size_t flow_capacity = 4096;
constexpr TimePoint origin{std::chrono::hours(1)};
constexpr std::size_t buckets = 4;

fast_path::parsed_packet parsed(const Packet& packet) {
  fast_path::parsed_packet one{};
  const DirectedTuple directed = directed_tuple(packet);
  one.tuple = directed.tuple;
  one.direction = directed.direction;
  one.length = packet.length;
  one.tcp_flags = packet.tcp_flags.to_byte();
  return one;
}

bool is_plain(const Packet& packet) {
  return has_ports(packet.protocol) && packet.transport == Transport::whole;
}

// One shard under one policy after the other; with a fast path or without.
class Side {
 public:
  explicit Side(const Policy& policy) { use(policy, {}); }
  Side(const Policy& policy, FastPath& fast_path) : fast_path_(&fast_path) {
    shard_.use(fast_path, 7);
    use(policy, {});
  }

  void use(const Policy& policy, Duration at) {
    policy_ = compile(policy, context_, ++generation_, simulated_devices(policy));
    shard_.counters().reserve(context_.slots.size());
    if (fast_path_ != nullptr) {
      fast_path_->begin_change();
      fast_path_->end_change(generation_, services_of(*policy_).value_or(std::vector<Prefix>{}));
    }
    shard_.adopt(policy_, origin + at);
    shard_.sweep(origin + at, shard_.flows().places() / 2);
  }

  [[nodiscard]] Journey journey(const Send& send) const {
    Journey journey;
    if (send.path.empty()) journey = find_journey(*policy_, send.packet, {});
    journey.origin = send.from;
    for (const PathSide& side : send.path)
      (side.direction == Direction::egress ? journey.leaves : journey.enters) =
          policy_->interface_named(side.interface);
    return journey;
  }
  [[nodiscard]] bool passes(const Send& send, Duration at) {
    return shard_.passes(send.packet, passages(journey(send)).there, origin + at);
  }
  Decision judge(const Send& send, Duration at) {
    const Question question{send.packet, journey(send), origin + at};
    const Decision decision = shard_.judge(*policy_, question);
    if (fast_path_ != nullptr) shard_.remember(*policy_, question, decision, passages(question.journey));
    shard_.expire(origin + at, 64);
    if (fast_path_ != nullptr) shard_.take_over(8);
    return decision;
  }
  // Every journey has devices of its own, and every place that a packet may come from; what is outside all
  // interfaces has the first device of its place and the class of all others.
  [[nodiscard]] static Passages passages(const Journey& journey) {
    constexpr unsigned devices_of_a_place = 16, unlisted = 15;
    const auto passage = [&](const Journey& one) {
      const unsigned from = one.leaves_unlisted          ? unlisted
                            : one.leaves == no_interface ? 1U
                                                         : one.leaves + 2U;
      const unsigned to = one.enters_unlisted ? unlisted : one.enters == no_interface ? 0U : one.enters + 1U;
      return Passage{from + devices_of_a_place * static_cast<unsigned>(one.origin),
                     static_cast<DeviceClass>(to)};
    };
    return {passage(journey), passage(way_back(journey)), way_back(journey)};
  }
  void expire(Duration at) { shard_.expire(origin + at, flow_capacity); }
  void take_over_all() {
    for (int rounds = 0; rounds < 2;) rounds += shard_.take_over(flow_capacity) ? 1 : 0;
  }

  [[nodiscard]] const Shard& shard() const { return shard_; }
  [[nodiscard]] std::size_t slots() const { return context_.slots.size(); }

 private:
  CompileContext context_;
  FlowAllowance allowance_;
  Shard shard_{flow_capacity, seed, allowance_};
  FastPath* fast_path_ = nullptr;
  std::shared_ptr<const CompiledPolicy> policy_;
  std::uint64_t generation_ = 0;
};

std::string words(const Count& count) {
  return std::to_string(count.packets) + " packets, " + std::to_string(count.bytes) + " bytes, last at " +
         std::to_string(count.last_hit.time_since_epoch().count());
}

bool differ(const Count& a, const Count& b) {
  return a.packets != b.packets || a.bytes != b.bytes || (a.packets > 0 && a.last_hit != b.last_hit);
}

std::optional<std::string> compare_counters(const Side& off, const Side& on, FastPathCoverage& coverage) {
  const auto difference = [&](const std::string& what, const Count& a,
                              const Count& b) -> std::optional<std::string> {
    ++coverage.counters_compared;
    if (!differ(a, b)) return std::nullopt;
    return what + ": off " + words(a) + ", on " + words(b);
  };
  const Counters& without = off.shard().counters();
  const Counters& with = on.shard().counters();
  for (CounterSlot slot = 0; slot < off.slots(); ++slot)
    if (auto found = difference("rule slot " + std::to_string(slot), without.rule(slot), with.rule(slot)))
      return found;
  for (std::size_t i = 0; i < gate_count; ++i)
    for (std::size_t j = 0; j < outcome_count; ++j) {
      const auto gate = static_cast<Gate>(i);
      const auto outcome = static_cast<Outcome>(j);
      if (auto found = difference(std::string(to_string(gate)) + ' ' + std::string(to_string(outcome)),
                                  without.gate(gate, outcome), with.gate(gate, outcome)))
        return found;
    }
  for (std::size_t i = 0; i < reason_count; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (auto found = difference(std::string(to_string(reason)), without.reason(reason), with.reason(reason)))
      return found;
  }
  return std::nullopt;
}

using FlowFacts = std::tuple<FlowState, Originator, TimePoint, TimePoint, TimePoint, std::uint64_t,
                             std::uint64_t, std::uint64_t, std::uint64_t, std::uint32_t>;
using FlowName = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, InterfaceNumber,
                            std::uint16_t, std::uint16_t, Protocol, Family>;

std::map<FlowName, FlowFacts> flows_of(const Side& side, Duration at) {
  std::map<FlowName, FlowFacts> flows;
  side.shard().flows().visit(origin + at, [&](const Flow& flow) {
    if (!side.shard().tracks(flow.key, origin + at)) return;
    const FlowKey& key = flow.key;
    flows.emplace(FlowName{key.local_high, key.local_low, key.remote_high, key.remote_low, key.interface,
                           key.local_port, key.remote_port, key.protocol, key.family},
                  FlowFacts{flow.state, flow.originator, flow.opened_at, flow.last_packet, flow.expires,
                            flow.packets[0], flow.packets[1], flow.bytes[0], flow.bytes[1], flow.opened_by});
  });
  return flows;
}

std::string words(const std::map<FlowName, FlowFacts>& flows) {
  std::string text;
  for (const auto& [name, facts] : flows) {
    const auto& [local_high, local_low, remote_high, remote_low, interface, local_port, remote_port, protocol,
                 family] = name;
    const auto& [state, originator, opened, last, expires, packets, replies, bytes, reply_bytes, rule] =
        facts;
    const auto seconds = [](TimePoint time) {
      return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time - origin).count()) +
             " ms";
    };
    text += "  interface " + std::to_string(interface) + ' ' + to_string(protocol) + ' ' +
            to_string(IpAddress{local_high, local_low, family}) + ' ' + std::to_string(local_port) + " - " +
            to_string(IpAddress{remote_high, remote_low, family}) + ' ' + std::to_string(remote_port) + ' ' +
            std::string(to_string(state)) + " opened " + seconds(opened) + " last " + seconds(last) +
            " until " + seconds(expires) + " packets " + std::to_string(packets) + '/' +
            std::to_string(replies) + '\n';
  }
  return text;
}

}  // namespace

HostKernel::HostKernel()
    : flow_buckets_(buckets),
      refusal_buckets_(buckets),
      flows_(buckets * fast_path::ways),
      refusals_(buckets * fast_path::ways),
      presence_(256) {
  memory_ = {&control_,
             flow_buckets_,
             refusal_buckets_,
             flows_,
             refusals_,
             presence_,
             {11, 22, 33, 44, 55, 66, 77, 88, 99, 110}};
}

bool HostKernel::passes(const Packet& packet, const Passage& passage) {
  const fast_path::parsed_packet one = parsed(packet);
  if (packet.protocol == Protocol::tcp && fast_path::opens_tcp(one.tcp_flags) != 0) return false;
  const std::uint64_t hash = fast_path::hash_tuple(&one.tuple, memory_.hash_key.data());
  const std::uint32_t index = fast_path::bucket_of(hash, buckets - 1);
  for (std::uint32_t way = 0; way < fast_path::ways; ++way)
    if (flow_buckets_[index].fingerprint[way] == fast_path::fingerprint_of(hash) &&
        fast_path::pass(&flows_[index * fast_path::ways + way], &one, control_.generation, now(),
                        passage.in_device, passage.out_class) != 0)
      return true;
  return false;
}

bool HostKernel::look_up(const fast_path::refusal_key& key, std::uint32_t length) {
  const std::uint64_t hash = fast_path::hash_refusal(&key, memory_.hash_key.data());
  const std::uint32_t index = fast_path::bucket_of(hash, buckets - 1);
  for (std::uint32_t way = 0; way < fast_path::ways; ++way)
    if (refusal_buckets_[index].fingerprint[way] == fast_path::fingerprint_of(hash) &&
        fast_path::refuse(&refusals_[index * fast_path::ways + way], &key, length, control_.generation,
                          now()) != 0)
      return true;
  return false;
}

bool HostKernel::refuses(const Packet& packet, const Passage& passage) {
  const fast_path::parsed_packet one = parsed(packet);
  const std::uint64_t hash = fast_path::hash_tuple(&one.tuple, memory_.hash_key.data());
  if (presence_[fast_path::presence_of(hash, static_cast<std::uint32_t>(presence_.size() - 1))] != 0)
    return false;
  fast_path::refusal_key key{};
  fast_path::refusal_key_of(&one, passage.in_device, passage.out_class, &key);
  if (look_up(key, one.length)) return true;
  for (std::uint32_t i = 0; i < control_.service_count; ++i)
    if (fast_path::is_in(&control_.services[i], key.source, key.family) != 0) return false;
  // The kernel's program looks at the generation once more here; in one thread it cannot have changed.
  fast_path::widen(&key);
  return look_up(key, one.length);
}

std::string to_string(const FastPathCoverage& coverage) {
  return "runs " + std::to_string(coverage.runs) + ", packets " + std::to_string(coverage.packets) +
         ", reloads " + std::to_string(coverage.reloads) + "; by the kernel passed " +
         std::to_string(coverage.passed) + " (and by the worker " + std::to_string(coverage.passed_late) +
         "), refused " + std::to_string(coverage.refused) + "; compared " +
         std::to_string(coverage.counters_compared) + " counters, " +
         std::to_string(coverage.flows_compared) + " flows\n";
}

std::optional<std::string> play_with_fast_path(const Run& run, Kernel& kernel, FastPathCoverage& coverage) {
  ++coverage.runs;
  FastPathMemory& memory = kernel.memory();
  std::memset(memory.flow_buckets.data(), 0, memory.flow_buckets.size_bytes());
  std::memset(memory.refusal_buckets.data(), 0, memory.refusal_buckets.size_bytes());
  std::memset(memory.presence.data(), 0, memory.presence.size_bytes());
  FastPath fast_path(memory);
  fast_path.stand_still(origin);
  Side off(run.policy), on(run.policy, fast_path);
  twin::Twin twin(run.policy);

  const auto compare_all = [&](Duration at) -> std::optional<std::string> {
    on.take_over_all();
    off.expire(at);
    on.expire(at);
    if (auto found = compare_counters(off, on, coverage)) return found;
    const auto without = flows_of(off, at), with = flows_of(on, at);
    coverage.flows_compared += without.size();
    if (without == with) return std::nullopt;
    return "flows differ\noff:\n" + words(without) + "on:\n" + words(with);
  };

  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const Step& step = run.steps[i];
    const auto at_step = [i](const std::string& what) { return "step " + std::to_string(i) + ": " + what; };
    fast_path.stand_still(origin + step.at);
    if (const auto* reload = std::get_if<Reload>(&step.what)) {
      ++coverage.reloads;
      if (auto found = compare_all(step.at)) return at_step(*found);
      off.use(reload->policy, step.at);
      on.use(reload->policy, step.at);
      twin.reload(reload->policy, step.at);
      continue;
    }
    const Send& send = std::get<Send>(step.what);
    ++coverage.packets;
    const bool expected = off.judge(send, step.at).verdict == Verdict::accept;
    std::vector<twin::Side> sides;
    for (const PathSide& side : send.path) sides.push_back({side.direction, side.interface});
    if (twin.packet(send.packet, sides, step.at, send.from).accept != expected)
      return at_step("the twin differs");

    const Passage passage = Side::passages(on.journey(send)).there;
    // Now and then a packet was queued before its record was there.
    const bool queued = i % 5 == 4;
    const bool asked = !queued && is_plain(send.packet) && kernel.meets(passage);
    bool accepted = false;
    if (queued && on.passes(send, step.at)) {
      accepted = true;
      ++coverage.passed_late;
    } else if (asked && kernel.passes(send.packet, passage)) {
      accepted = true;
      ++coverage.passed;
    } else if (asked && kernel.refuses(send.packet, passage)) {
      ++coverage.refused;
    } else {
      accepted = on.judge(send, step.at).verdict == Verdict::accept;
    }
    if (accepted != expected)
      return at_step(packet_text(send.packet) + (expected ? " must pass" : " must be refused"));
    if (i % 3 == 0) {  // the kernel has let go
      fast_path.grace_periods().begin();
      fast_path.grace_periods().end();
    }
    if (i % 16 == 0)
      if (auto found = compare_all(step.at)) return at_step(*found);
  }
  return compare_all(run.steps.empty() ? Duration{} : run.steps.back().at);
}

}  // namespace vpcwall::property

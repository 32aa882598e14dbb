#include "state/saved_state.h"

#include <gtest/gtest.h>

#include <cstring>

#include "engine/shard.h"
#include "policy/compile.h"
#include "state/kept_counters.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using std::chrono::seconds;
using test::packet_of;
using test::small_vpc;

constexpr const char* web =
    "  - {name: web, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}], egress: []}";

// A process: its numbers, its slots, one shard.
struct Process {
  explicit Process(const Policy& policy) {
    compiled = compile(policy, context, 1);
    shard.counters().reserve(context.slots.size());
    shard.use(waiting);
    shard.adopt(compiled, now);
  }
  Decision judge(const char* text) {
    const Packet packet = packet_of(text);
    return shard.judge(*compiled, {packet, find_journey(*compiled, packet, {}), now});
  }
  SavedState save() const {
    SavedState state;
    state.boot = "a boot";
    state.saved_at = now;
    const auto indices = interface_indices(*compiled);
    shard.flows().visit(now, [&](const Flow& flow) {
      state.flows.push_back(flow);
      state.flows.back().key.interface = indices.at(flow.key.interface);
    });
    const Counters* const counters = &shard.counters();
    keep_counters(state, *compiled, context.slots, {&counters, 1});
    return state;
  }
  void take(const SavedState& state) {
    const auto slots = give_back_counters(
        state,
        [this](const RuleIdentity& identity, const std::string& name) {
          const CounterSlot slot = context.slots.assign(identity, name);
          shard.counters().reserve(context.slots.size());
          return slot;
        },
        shard.counters());
    for (Flow flow : state.flows) {
      flow.key.interface =
          compiled->interfaces.at(compiled->interface_named(state.interfaces.at(flow.key.interface))).number;
      flow.opened_by = slots.at(flow.opened_by);
      ASSERT_TRUE(waiting.add(flow, 1000));
    }
  }
  [[nodiscard]] Count counted(const char* match) const {
    for (CounterSlot slot = 0; slot < context.slots.size(); ++slot)
      if (context.slots.identity(slot).match == match) return shard.counters().rule(slot);
    ADD_FAILURE() << "no rule " << match;
    return {};
  }

  CompileContext context;
  FlowAllowance allowance;
  WaitingFlows waiting{allowance, {1, 2, 3, 4}};
  Shard shard{16, {1, 2, 3, 4}, allowance};
  std::shared_ptr<const CompiledPolicy> compiled;
  TimePoint now{std::chrono::hours(1)};
};

SavedState of_a_connection(Process& process) {
  process.judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22");
  process.judge("tcp SA 10.0.1.10:22 > 203.0.113.12:40000");
  process.judge("tcp A 203.0.113.12:40000 > 10.0.1.10:22");
  process.judge("tcp S 203.0.113.12:40000 > 10.0.1.10:80");
  return process.save();
}

TEST(SavedStateTest, LetsAConnectionGoOnInAProcessWithOtherNumbers) {
  Process first(small_vpc(web));
  const std::string bytes = encode(of_a_connection(first));
  const auto state = decode(bytes);
  ASSERT_TRUE(state) << state.error();
  EXPECT_EQ(encode(*state), bytes);

  // Another rule before it, so that slots differ, and nothing that would let the connection begin.
  Process second(
      small_vpc("  - {name: web, ingress: [{protocol: udp, ports: 53, source: 0.0.0.0/0}], egress: []}"));
  second.take(*state);
  EXPECT_EQ(second.counted("allow tcp 22 203.0.113.0/24").packets, 3U)
      << "a rule that is gone keeps its counter";
  EXPECT_EQ(second.shard.counters().gate(Gate::sg_ingress, Outcome::deny).packets, 1U);
  EXPECT_EQ(second.shard.counters().reason(Reason::passed).packets, 3U);
  EXPECT_EQ(second.judge("tcp A 10.0.1.10:22 > 203.0.113.12:40000").verdict, Verdict::accept);
  EXPECT_EQ(second.counted("allow tcp 22 203.0.113.0/24").packets, 4U);
  EXPECT_EQ(second.waiting.size(), 0U) << "it is the worker's now";
  EXPECT_EQ(second.judge("tcp S 203.0.113.12:40001 > 10.0.1.10:22").verdict, Verdict::drop);
}

TEST(SavedStateTest, KeepsTheTimerOfAFlow) {
  Process first(small_vpc(web));
  const SavedState state = of_a_connection(first);
  Process second(small_vpc(web));
  second.take(state);
  second.now += seconds(432'000 - 1);
  EXPECT_EQ(second.waiting.find(state.flows.at(0).key, second.now).has_value(), true);
  second.now += seconds(1);
  EXPECT_EQ(second.judge("tcp A 10.0.1.10:22 > 203.0.113.12:40000").verdict, Verdict::drop)
      << "idle for five days";
  second.waiting.expire(second.now);
  EXPECT_EQ(second.waiting.size(), 0U);
  EXPECT_EQ(second.allowance.used(0), 0U) << "its place is free";
}

TEST(SavedStateTest, MovesToTheClockOfAnotherBoot) {
  Process first(small_vpc(web));
  SavedState state = of_a_connection(first);
  const SavedState before = state;
  shift(state, seconds(-100));
  EXPECT_EQ(state.saved_at, before.saved_at - seconds(100));
  EXPECT_EQ(state.flows.at(0).expires, before.flows.at(0).expires - seconds(100));
  EXPECT_EQ(state.flows.at(0).opened_at, before.flows.at(0).opened_at - seconds(100));
  for (std::size_t i = 0; i < state.rules.size(); ++i) {
    const bool hit = state.rules[i].count.packets != 0;
    EXPECT_EQ(state.rules[i].count.last_hit,
              before.rules[i].count.last_hit - (hit ? seconds(100) : seconds(0)));
  }
}

// C-67: who ended without notice may have missed that the connection is over.
TEST(SavedStateTest, ARestoredFlowTakesNoSyn) {
  Process first(small_vpc(web));
  SavedState state = of_a_connection(first);
  for (Flow& flow : state.flows) flow.restored = true;
  const auto read = decode(encode(state));
  ASSERT_TRUE(read) << read.error();
  ASSERT_TRUE(read->flows.at(0).restored);

  const char* const without = "  - {name: web, ingress: [], egress: []}";
  Process second(small_vpc(without));
  second.take(*read);
  EXPECT_EQ(second.judge("tcp A 203.0.113.12:40000 > 10.0.1.10:22").reason, Reason::passed);
  EXPECT_EQ(second.judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22").reason, Reason::no_group_rule)
      << "also once a worker has it";
  EXPECT_EQ(second.judge("tcp A 203.0.113.12:40000 > 10.0.1.10:22").verdict, Verdict::drop) << "it is over";

  Process third(small_vpc(web));
  third.take(*read);
  EXPECT_EQ(third.judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22").gates[1].outcome, Outcome::fresh);
  EXPECT_EQ(third.judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22").gates[1].outcome, Outcome::tracked)
      << "the flow that it began is like every other (C-29)";
}

// A rule that is gone, hit `age` ago by as many packets.
CounterSlot add_gone_rule(Process& process, std::uint64_t packets, Duration age) {
  RuleIdentity identity;
  identity.owner = "acl-gone";
  identity.rule = std::to_string(process.context.slots.size());
  const CounterSlot slot = process.context.slots.assign(identity, "gone");
  process.shard.counters().reserve(process.context.slots.size());
  if (packets != 0) process.shard.counters().add_rule(slot, {packets, packets, process.now - age});
  return slot;
}

TEST(SavedStateTest, KeepsOfTheRulesThatAreGoneThoseThatWereHitLast) {
  Process process(small_vpc(web));
  const std::size_t in_force = active_slots(*process.compiled).size();
  const CounterSlot never_hit = add_gone_rule(process, 0, seconds(0));
  const CounterSlot of_a_flow = add_gone_rule(process, 7, seconds(3000));
  const CounterSlot oldest = add_gone_rule(process, 8, seconds(2000));
  for (std::size_t i = 0; i < most_gone_rules; ++i) add_gone_rule(process, 1, seconds(1));
  SavedState state;
  state.flows.emplace_back().opened_by = of_a_flow;
  state.flows.emplace_back().opened_by = Flow::nobody;
  const Counters* const counters = &process.shard.counters();
  keep_counters(state, *process.compiled, process.context.slots, {&counters, 1});
  EXPECT_EQ(state.rules.size(), in_force + 1 + most_gone_rules);
  EXPECT_EQ(state.rules.at(state.flows[0].opened_by).count.packets, 7U);
  EXPECT_EQ(state.flows[1].opened_by, Flow::nobody);
  for (const SavedState::Rule& rule : state.rules) {
    EXPECT_NE(rule.identity, process.context.slots.identity(never_hit));
    EXPECT_NE(rule.identity, process.context.slots.identity(oldest));
  }
}

TEST(SavedStateTest, KnowsWhenARuleWasHitBeforeThisBoot) {
  Process first(small_vpc(web));
  SavedState state = of_a_connection(first);
  const TimePoint hit = first.counted("allow tcp 22 203.0.113.0/24").last_hit;
  shift(state, -std::chrono::hours(2));
  Process second(small_vpc(web));
  second.take(state);
  EXPECT_EQ(second.counted("allow tcp 22 203.0.113.0/24").last_hit, hit - std::chrono::hours(2));
  EXPECT_LT(second.counted("allow tcp 22 203.0.113.0/24").last_hit, TimePoint{});
}

TEST(SavedStateTest, RefusesWhatIsNotWhole) {
  Process first(small_vpc(web));
  const std::string bytes = encode(of_a_connection(first));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode(std::string_view(bytes).substr(0, size))) << size;
  EXPECT_FALSE(decode(bytes + '\0'));
  EXPECT_EQ(decode("vpcwall state 3\n" + bytes.substr(16)).error(), "not a state of this version");
}

TEST(SavedStateTest, RefusesNumbersThatAreNotWholeOrDoNotFit) {
  const std::string text = "\"saved_at\":0,";
  const auto with = [&text](std::string_view number) {
    SavedState empty;
    std::string bytes = encode(empty);
    bytes.replace(bytes.find(text), text.size(), "\"saved_at\":" + std::string(number) + ',');
    std::uint64_t size = bytes.size() - 32;  // the first line, two sizes
    std::memcpy(bytes.data() + 16, &size, sizeof size);
    return decode(bytes);
  };
  ASSERT_TRUE(with("7"));
  EXPECT_EQ(with("7")->saved_at, TimePoint(Duration(7)));
  ASSERT_TRUE(with("-7"));
  EXPECT_EQ(with("-7")->saved_at, TimePoint(Duration(-7)));
  for (const char* wrong : {"1e49", "1.5", "18446744073709551615", "\"7\"", "null"}) {
    ASSERT_FALSE(with(wrong)) << wrong;
    EXPECT_EQ(with(wrong).error(), "a number that cannot be") << wrong;
  }
}

// A digest stands around the bytes, so this is about memory: whatever stands there, nothing is read beside
// it.
TEST(SavedStateTest, NeverReadsBesideWhatIsThere) {
  Process first(small_vpc(web));
  const std::string bytes = encode(of_a_connection(first));
  std::size_t refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (const char changed : {'\0', '\x7f', '\xff'}) {
      std::string other = bytes;
      other[at] = changed;
      const auto state = decode(other);
      if (!state) {
        ++refused;
        continue;
      }
      for (const Flow& flow : state->flows) {
        ASSERT_LT(flow.key.interface, state->interfaces.size());
        ASSERT_TRUE(flow.opened_by < state->rules.size() || flow.opened_by == Flow::nobody);
      }
    }
  EXPECT_GT(refused, bytes.size() / 4);
}

TEST(WaitingFlowsTest, OfTwoAccountsOfAFlowTheLaterCounts) {
  Process first(small_vpc(web));
  const SavedState state = of_a_connection(first);
  Process second(small_vpc(web));
  second.take(state);
  Flow later = state.flows.at(0);
  later.key.interface = second.compiled->interfaces.at(second.compiled->interface_named("web")).number;
  later.last_packet += seconds(5);
  later.expires += seconds(5);
  later.opened_at += seconds(1);
  later.opened_by = Flow::nobody;
  later.packets[0] = 1;
  ASSERT_TRUE(second.waiting.add(later, 1000));
  EXPECT_EQ(second.waiting.size(), 1U);
  const auto found = second.waiting.find(later.key, second.now);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->last_packet, later.last_packet);
  EXPECT_EQ(found->opened_at, state.flows.at(0).opened_at);
  EXPECT_NE(found->opened_by, Flow::nobody);
  EXPECT_EQ(found->packets[0], 2U);
}

TEST(WaitingFlowsTest, CountAsHeldByTheirInterface) {
  Process first(small_vpc(web));
  const SavedState state = of_a_connection(first);
  Process second(small_vpc(web));
  Flow flow = state.flows.at(0);
  flow.key.interface = 0;
  flow.opened_by = Flow::nobody;
  EXPECT_TRUE(second.waiting.add(flow, 1));
  flow.key.remote_port = 1;
  EXPECT_FALSE(second.waiting.add(flow, 1));
  EXPECT_EQ(second.allowance.used(0), 1U);
  second.waiting.drop_if([](const Flow&) { return true; });
  EXPECT_EQ(second.allowance.used(0), 0U);
  EXPECT_FALSE(second.waiting.any());
}

}  // namespace
}  // namespace vpcwall

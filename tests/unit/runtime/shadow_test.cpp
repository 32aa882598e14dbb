#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "support/packet_bytes.h"
#include "support/worker_assembly.h"

namespace vpcwall {
namespace {

using namespace test;
using std::chrono::seconds;

constexpr const char* live_groups =
    "  - {name: web, egress: [], ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24},"
    " {protocol: tcp, ports: 80, source: 203.0.113.0/24}]}";
constexpr const char* without_80 =
    "  - {name: web, egress: [], ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}]}";
constexpr const char* with_443 =
    "  - {name: web, egress: [], ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24},"
    " {protocol: tcp, ports: 80, source: 203.0.113.0/24},"
    " {protocol: tcp, ports: 443, source: 203.0.113.0/24}]}";

constexpr unsigned syn_flag = 0x02, ack_flag = 0x10, rst_flag = 0x04;

FakeQueue::Given to_web(unsigned port, unsigned source_port = 1000, unsigned flags = syn_flag) {
  return {ipv4({.destination = "10.0.1.10"},
               tcp({.source_port = source_port, .destination_port = port, .flags = flags}))};
}
FakeQueue::Given from_web(unsigned port, unsigned to_port = 1000, unsigned flags = syn_flag | ack_flag) {
  return {ipv4({.source = "10.0.1.10", .destination = "203.0.113.12"},
               tcp({.source_port = port, .destination_port = to_port, .flags = flags}))};
}

void burst(Assembly& a, std::vector<FakeQueue::Given> packets, std::size_t worker = 0) {
  a.queues[worker].give(std::move(packets));
  a.workers[worker].run_burst(seconds(1));
}

std::shared_ptr<Shadow> make_shadow(Assembly& a, const Policy& candidate, Shadow::Sizes sizes = {}) {
  sizes.workers = a.workers.size();
  return std::make_shared<Shadow>(*prepare(candidate, a.reloader.in_force()), std::vector<DeviceBinding>{},
                                  a.reloader.current()->generation, sizes, FlowHash::Seed{1, 2, 3, 4},
                                  a.clock.now());
}

void copy_flows(Assembly& a, Shadow& shadow) {
  for (Guarded<Shard>& shard : a.shards)
    shard.with([&](Shard& one) {
      one.flows().visit(a.clock.now(),
                        [&](const Flow& flow) { shadow.inherit(*a.reloader.current(), flow); });
    });
}

// As the daemon does it, with workers that stand still.
std::shared_ptr<Shadow> begin(Assembly& a, const Policy& candidate, Shadow::Sizes sizes = {}) {
  auto shadow = make_shadow(a, candidate, sizes);
  a.stage.enter(shadow);
  copy_flows(a, *shadow);
  shadow->begin();
  return shadow;
}

TEST(Shadow, ListsWhatTheCandidateWouldRefuseAndWhatItWouldAllow) {
  Assembly a(1);
  a.use(live_groups);
  const auto shadow = begin(
      a, small_vpc("  - {name: web, egress: [], ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24},"
                   " {protocol: tcp, ports: 443, source: 203.0.113.0/24}]}"));
  burst(a, {to_web(22), to_web(80), to_web(443), to_web(80, 1001), {Bytes(3)}});
  EXPECT_EQ(a.queues[0].verdicts(),
            (std::vector{Verdict::accept, Verdict::accept, Verdict::drop, Verdict::accept, Verdict::drop}));
  const auto found = shadow->read(100);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].number, 0U);
  EXPECT_EQ(found[0].difference.packet.destination_port, 80);
  EXPECT_EQ(found[0].difference.live.verdict, Verdict::accept);
  EXPECT_EQ(found[0].difference.candidate.verdict, Verdict::drop);
  EXPECT_EQ(found[0].difference.candidate.reason, Reason::no_group_rule);
  EXPECT_EQ(found[0].difference.at, Assembly::start);
  EXPECT_EQ(found[0].difference.policy, a.reloader.current());
  EXPECT_EQ(found[1].number, 1U);
  EXPECT_EQ(found[1].difference.packet.destination_port, 443);
  EXPECT_EQ(found[1].difference.candidate.verdict, Verdict::accept);
  EXPECT_TRUE(shadow->read(100).empty()) << "each is told once";
  const Shadow::Totals totals = shadow->totals();
  EXPECT_EQ(totals.judged, 5U);
  EXPECT_EQ(totals.differing, 3U);
  EXPECT_EQ(totals.unlisted, 0U);
  EXPECT_EQ(shadow->counts(), (std::vector<std::uint64_t>{2, 1}));
}

TEST(Shadow, JudgesNothingBeforeItHasBegunNorAfterItHasLeft) {
  Assembly a(1);
  a.use(live_groups);
  const auto shadow = make_shadow(a, small_vpc(without_80));
  a.stage.enter(shadow);
  burst(a, {to_web(80)});
  EXPECT_EQ(shadow->totals().judged, 0U);
  shadow->begin();
  burst(a, {to_web(80, 1001)});
  EXPECT_EQ(shadow->totals().judged, 1U);
  a.stage.leave();
  EXPECT_FALSE(a.stage.any());
  EXPECT_EQ(a.stage.current(), nullptr);
  burst(a, {to_web(80, 1002)});
  EXPECT_EQ(shadow->totals().judged, 1U);
}

// Its group allows nothing out, so only the flow lets the answer pass.
TEST(Shadow, KnowsTheFlowsThatWereOpenBefore) {
  Assembly a(1);
  a.use(live_groups);
  burst(a, {to_web(80), to_web(22)});
  const auto shadow = begin(a, small_vpc(without_80));
  EXPECT_EQ(shadow->waiting(), 2U);
  burst(a, {from_web(80), to_web(80, 1000, ack_flag), from_web(22)});
  EXPECT_EQ(shadow->totals().judged, 3U);
  EXPECT_EQ(shadow->totals().differing, 0U) << "a flow survives the removal of its rule";
  EXPECT_EQ(shadow->waiting(), 0U);
}

TEST(Shadow, EndsTheFlowsThatTheCandidateWouldEnd) {
  Assembly a(1);
  a.use(live_groups);
  burst(a, {to_web(80), to_web(22)});
  // Open to all both ways: port 80 is untracked then, and leaves no flow behind (C-25).
  const auto shadow =
      begin(a, small_vpc("  - {name: web, egress: [{protocol: all, destination: 0.0.0.0/0}], ingress: ["
                         "{protocol: tcp, ports: 22, source: 203.0.113.0/24},"
                         " {protocol: tcp, ports: 80, source: 0.0.0.0/0}]}"));
  EXPECT_EQ(shadow->waiting(), 1U);
  EXPECT_EQ(a.shards[0].read([](const Shard& shard) { return shard.flows().size(); }), 2U);
}

// Between the moment when workers follow and that when they judge, flows open, move on and close.
TEST(Shadow, FollowsTheFlowsWhileTheyAreCopied) {
  Assembly a(1);
  a.use(live_groups);
  burst(a, {to_web(80, 1), to_web(80, 2)});
  const auto shadow = make_shadow(a, small_vpc(without_80));
  a.stage.enter(shadow);
  burst(a, {to_web(80, 3), from_web(80, 1)});  // before they are copied
  copy_flows(a, *shadow);
  burst(a, {to_web(80, 4), to_web(80, 5), to_web(80, 5, rst_flag), to_web(80, 2, rst_flag)});  // after it
  shadow->begin();
  a.clock.advance(seconds(15));  // what a reset has closed is gone by now, and nothing else (C-37)
  burst(a, {from_web(80, 1), from_web(80, 3), from_web(80, 4), from_web(80, 5), from_web(80, 2)});
  const auto verdicts = a.queues[0].verdicts();
  EXPECT_EQ(std::vector(verdicts.end() - 5, verdicts.end()),
            (std::vector{Verdict::accept, Verdict::accept, Verdict::accept, Verdict::drop, Verdict::drop}));
  EXPECT_EQ(shadow->totals().judged, 5U);
  EXPECT_EQ(shadow->totals().differing, 0U);
}

TEST(Shadow, GoesOnOverAReload) {
  Assembly a(1);
  a.use(live_groups);
  const auto shadow = begin(a, small_vpc(without_80));
  burst(a, {to_web(80)});
  EXPECT_EQ(shadow->totals().differing, 1U);
  a.use(without_80);
  burst(a, {to_web(80, 1001)});
  EXPECT_EQ(shadow->totals().judged, 2U);
  EXPECT_EQ(shadow->totals().differing, 1U);
  a.use(with_443);
  burst(a, {to_web(443)});
  ASSERT_EQ(shadow->totals().differing, 2U);
  const auto found = shadow->read(100);
  EXPECT_EQ(found[0].difference.policy->generation, 1U);
  EXPECT_EQ(found[1].difference.policy->generation, 3U);
}

TEST(Shadow, CountsWhatItHasNoRoomToList) {
  Assembly a(1);
  a.use(live_groups);
  const auto shadow = begin(a, small_vpc("  - {name: web, egress: [], ingress: []}"), {.differences = 1});
  burst(a, {to_web(80, 1), to_web(22, 1), to_web(80, 2), to_web(22, 2)});
  EXPECT_EQ(shadow->read(100).size(), 1U);
  const Shadow::Totals totals = shadow->totals();
  EXPECT_EQ(totals.differing, 4U);
  EXPECT_EQ(totals.unlisted, 2U);
  EXPECT_EQ(shadow->counts(), (std::vector<std::uint64_t>{2}));
}

TEST(Shadow, TellsWhatSeveralWorkersSawOnce) {
  Assembly a(2);
  a.use(live_groups);
  const auto shadow = begin(a, small_vpc(without_80));
  burst(a, {to_web(80, 1)}, 0);
  burst(a, {to_web(80, 2), to_web(80, 3)}, 1);
  EXPECT_EQ(shadow->read(100).size(), 1U);
  EXPECT_EQ(shadow->counts(), (std::vector<std::uint64_t>{3}));
}

// Read in pieces, none is left out and none is told twice.
TEST(Shadow, IsReadInPieces) {
  Assembly a(1);
  a.use(live_groups);
  const auto shadow = begin(a, small_vpc("  - {name: web, egress: [], ingress: []}"));
  constexpr unsigned sources = 3 * Shadow::piece + 1;
  for (unsigned i = 0; i < sources; ++i)
    burst(a, {{ipv4({.source = "203.0.113." + std::to_string(i + 1), .destination = "10.0.1.10"},
                    tcp({.destination_port = 80}))}});
  std::map<std::size_t, std::string> told;
  for (auto some = shadow->read(1); !some.empty(); some = shadow->read(1))
    for (const Shadow::Numbered& one : some)
      EXPECT_TRUE(told.emplace(one.number, to_string(one.difference.packet.source)).second);
  ASSERT_EQ(told.size(), sources);
  EXPECT_EQ(told.rbegin()->first, sources - 1);
  EXPECT_EQ(told.at(0), "203.0.113.1");
}

// A device says which interface a packet left, also where only the candidate binds it.
TEST(Shadow, FindsTheJourneyUnderTheCandidate) {
  Assembly a(1);
  a.use(live_groups);
  const auto shadow = std::make_shared<Shadow>(*prepare(small_vpc(live_groups), a.reloader.in_force()),
                                               std::vector<DeviceBinding>{{7, "web"}}, 1U, Shadow::Sizes{},
                                               FlowHash::Seed{1, 2, 3, 4}, a.clock.now());
  a.stage.enter(shadow);
  shadow->begin();
  FakeQueue::Given by_the_device = to_web(80, 1), by_another = to_web(80, 2);
  by_the_device.out_device = 7;
  by_another.out_device = 8;
  burst(a, {by_the_device, by_another});
  const auto guarded = shadow->shards()[0].read(
      [](const Shard& shard) { return shard.counters().gate(Gate::sg_ingress, Outcome::fresh).packets; });
  EXPECT_EQ(guarded, 1U) << "what leaves by another device does not enter the interface";
}

// The same run with a shadow and without it: nobody but the asker can tell.
TEST(Shadow, ChangesNoVerdictNoCounterAndNoFlow) {
  const auto play = [](bool with_shadow) {
    Assembly a(1, 8);
    a.use(live_groups);
    std::shared_ptr<Shadow> shadow;
    std::string account;
    for (unsigned i = 0; i < 300; ++i) {
      if (with_shadow && i == 50) a.stage.enter(shadow = make_shadow(a, small_vpc(with_443)));
      if (with_shadow && i == 100) {
        copy_flows(a, *shadow);
        shadow->begin();
      }
      if (with_shadow && i == 250) a.stage.leave();
      const unsigned port = i % 3 == 0 ? 80 : i % 3 == 1 ? 443 : 22;
      burst(a, {to_web(port, i / 7), from_web(port, i / 7),
                to_web(port, i / 7, i % 11 == 0 ? rst_flag : ack_flag)});
      a.clock.advance(seconds(20));
    }
    if (with_shadow) {
      EXPECT_GT(shadow->totals().differing, 50U);
    }
    for (const Verdict verdict : a.queues[0].verdicts()) account += verdict == Verdict::accept ? 'a' : 'd';
    a.shards[0].read([&](const Shard& shard) {
      std::map<unsigned, std::string> flows;
      shard.flows().visit(a.clock.now(), [&](const Flow& flow) {
        flows[flow.key.remote_port * 65536U + flow.key.local_port] =
            std::string(to_string(flow.state)) + ' ' + std::to_string(flow.packets[0]) + ' ' +
            std::to_string(flow.packets[1]) + ' ' + std::to_string(flow.expires.time_since_epoch().count());
      });
      for (const auto& [ports, flow] : flows) account += '\n' + std::to_string(ports) + ' ' + flow;
      for (const CounterSlot slot : active_slots(*a.reloader.current()))
        account += '\n' + std::to_string(shard.counters().rule(slot).packets);
      for (std::size_t gate = 0; gate < gate_count; ++gate)
        for (std::size_t outcome = 0; outcome < outcome_count; ++outcome)
          account +=
              ' ' +
              std::to_string(
                  shard.counters().gate(static_cast<Gate>(gate), static_cast<Outcome>(outcome)).packets);
    });
    account += '\n' + std::to_string(a.allowance.used(a.reloader.current()->interfaces[0].number));
    return account;
  };
  const std::string without = play(false);
  EXPECT_EQ(without, play(true));
  EXPECT_NE(without.find('a'), std::string::npos);
  EXPECT_NE(without.find('d'), std::string::npos);
}

// Workers at full speed while a shadow comes, is given the flows, judges, is read and leaves, again and
// again.
TEST(Shadow, ComesAndGoesBesideBusyWorkers) {
  constexpr std::size_t workers = 2, rounds = 20, steps = 4, bursts = 8, burst = 16, opened = 1000;
  Assembly a(workers, 4096);
  a.use(live_groups);
  a.run();
  std::size_t given = 0;
  // To both workers: first requests that open flows, then answers in them.
  const auto give = [&] {
    for (std::size_t i = 0; i < bursts; ++i, given += burst)
      for (std::size_t worker = 0; worker < workers; ++worker) {
        std::vector<FakeQueue::Given> packets;
        for (std::size_t j = given; j < given + burst; ++j) {
          const auto source_port = static_cast<unsigned>(1 + worker * 30'000 + j % opened);
          packets.push_back(j < opened ? to_web(80, source_port) : from_web(80, source_port));
        }
        a.queues[worker].give(std::move(packets));
      }
  };
  const auto look = [&] {
    const auto number = a.fence.raise();
    for (FakeQueue& queue : a.queues) queue.wake();
    return a.fence.wait(number, seconds(20));
  };
  for (std::size_t round = 0; round < rounds; ++round) {
    const auto shadow = make_shadow(a, small_vpc(with_443));
    give();
    a.stage.enter(shadow);
    ASSERT_TRUE(look());
    give();
    copy_flows(a, *shadow);
    shadow->begin();
    ASSERT_TRUE(look());
    give();
    (void)a.queues[round % workers].verdicts();  // all of one worker's; the other may be anywhere
    give();
    a.stage.leave();
    ASSERT_TRUE(look());
    EXPECT_EQ(shadow->totals().differing, 0U) << "the candidate only allows more";
    EXPECT_GE(shadow->totals().judged, bursts * burst) << "what came when it had begun";
  }
  for (FakeQueue& queue : a.queues) EXPECT_EQ(queue.verdicts().size(), rounds * steps * bursts * burst);
}

}  // namespace
}  // namespace vpcwall

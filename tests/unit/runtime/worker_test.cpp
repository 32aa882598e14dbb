#include "runtime/worker.h"

#include <gtest/gtest.h>

#include <thread>

#include "support/packet_bytes.h"
#include "support/worker_assembly.h"

namespace vpcwall {
namespace {

using namespace test;
using std::chrono::seconds;

constexpr const char* allows_22 =
    "  - {name: web, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}], egress: []}";
constexpr const char* allows_80 =
    "  - {name: web, ingress: [{protocol: tcp, ports: 80, source: 203.0.113.0/24}], egress: []}";

Bytes syn(unsigned port, unsigned source_port = 40000) {
  return ipv4({.destination = "10.0.1.10"}, tcp({.source_port = source_port, .destination_port = port}));
}

TEST(Worker, AnswersABurstOnceAndInOrder) {
  Assembly a(1);
  a.use(allows_22);
  a.queues[0].give({{syn(22)}, {syn(80)}, {Bytes(3)}, {syn(22, 40001)}});
  a.workers[0].run_burst(seconds(1));
  EXPECT_EQ(a.queues[0].verdicts(),
            (std::vector{Verdict::accept, Verdict::drop, Verdict::drop, Verdict::accept}));
  EXPECT_EQ(a.queues[0].answers(), 1U);
  EXPECT_EQ(a.reloader.current()->generation, 1U);
  EXPECT_GT(a.reloader.slots().size(), 0U);
  EXPECT_EQ(std::as_const(a.shards[0]).unguarded().counters().reason(Reason::passed).packets, 2U);
  EXPECT_EQ(a.shards[0].unguarded().counters().reason(Reason::malformed).packets, 1U);
}

TEST(Worker, AnswersNothingToAnEmptyBurst) {
  Assembly a(1);
  a.use(allows_22);
  a.queues[0].wake();
  a.workers[0].run_burst(seconds(10));
  EXPECT_EQ(a.queues[0].answers(), 0U);
  EXPECT_EQ(a.workers[0].progress(), 1U);
}

// A change is in force everywhere only when what it ended is gone; until then a worker does not wait for
// packets.
TEST(Worker, SweepsInPartsBeforeItSaysThatAChangeIsInForce) {
  Assembly a(1);
  a.use(allows_22);
  a.queues[0].give({{syn(22)}});
  a.workers[0].run_burst(seconds(1));
  a.shards[0].with([](Shard& shard) { EXPECT_EQ(shard.flows().size(), 1U); });
  const ReloadReport report = a.use(
      "  - {name: web, ingress: [{protocol: all, source: 0.0.0.0/0}], egress: [{protocol: all, "
      "destination: 0.0.0.0/0}]}");
  EXPECT_FALSE(a.barrier.wait(report.generation, Duration::zero()));
  a.queues[0].wake();
  a.workers[0].run_burst(seconds(1));
  EXPECT_TRUE(a.barrier.wait(report.generation, Duration::zero()));
  a.shards[0].with([](Shard& shard) { EXPECT_EQ(shard.flows().size(), 0U); });
}

TEST(Worker, SeesOnlyItsOwnSideOnAHost) {
  Assembly a(1);
  a.use(
      "  - {name: web, ingress: [], egress: []}\n  - {name: db, ingress: [{protocol: all, source: "
      "10.0.0.0/16}], egress: []}");
  const Bytes packet = ipv4({.source = "10.0.1.10", .destination = "10.0.2.10"}, tcp({}));
  a.queues[0].give(
      {{packet, HookPoint::forward}, {packet, HookPoint::local_in}, {packet, HookPoint::local_out}});
  a.workers[0].run_burst(seconds(1));
  EXPECT_EQ(a.queues[0].verdicts(), (std::vector{Verdict::drop, Verdict::accept, Verdict::drop}))
      << "arriving at db's host, web's egress was judged elsewhere";
}

TEST(Worker, FindsTheFlowOfAnIcmpErrorInAnotherShard) {
  Assembly a(2);
  a.use("  - {name: web, ingress: [], egress: [{protocol: udp, ports: 53, destination: 203.0.113.0/24}]}", {},
        "behavior: {icmp_related: linux}\n");
  const Bytes request = ipv4({.source = "10.0.1.10", .destination = "203.0.113.12", .protocol = 17}, udp({}));
  const Bytes error =
      ipv4({.source = "198.51.100.1", .destination = "10.0.1.10", .protocol = 1}, icmp(3, 3) + request);
  a.queues[1].give({{error}});
  a.workers[1].run_burst(seconds(1));
  a.queues[0].give({{request}});
  a.workers[0].run_burst(seconds(1));
  a.queues[1].give({{error}});
  a.workers[1].run_burst(seconds(1));
  EXPECT_EQ(a.queues[1].verdicts(), (std::vector{Verdict::drop, Verdict::accept}));
}

// It waits for its own next packet, and so belongs to no worker yet.
TEST(Worker, FindsTheFlowOfAnIcmpErrorAmongThoseThatWait) {
  constexpr const char* groups =
      "  - {name: web, ingress: [], egress: [{protocol: udp, ports: 53, destination: 203.0.113.0/24}]}";
  const Bytes request = ipv4({.source = "10.0.1.10", .destination = "203.0.113.12", .protocol = 17}, udp({}));
  const Bytes error =
      ipv4({.source = "198.51.100.1", .destination = "10.0.1.10", .protocol = 1}, icmp(3, 3) + request);
  Assembly before(1), a(1);
  for (Assembly* one : {&before, &a}) one->use(groups, {}, "behavior: {icmp_related: linux}\n");
  before.queues[0].give({{request}});
  before.workers[0].run_burst(seconds(1));
  WaitingFlows waiting(a.allowance, {1, 2, 3, 4});
  a.shards[0].with([&](Shard& shard) { shard.use(waiting); });
  before.shards[0].read([&](const Shard& shard) {
    shard.flows().visit(Assembly::start, [&](const Flow& flow) { EXPECT_TRUE(waiting.add(flow, 10)); });
  });
  ASSERT_EQ(waiting.size(), 1U);
  a.queues[0].give({{error}});
  a.workers[0].run_burst(seconds(1));
  EXPECT_EQ(a.queues[0].verdicts(), std::vector{Verdict::accept});
  EXPECT_EQ(waiting.size(), 1U) << "whoever gets its next packet still takes it over";
}

TEST(Worker, TellsAWatcherEveryDecisionBeforeItAnswers) {
  Assembly a(1);
  a.use(allows_22);
  a.queues[0].give({{syn(22)}});
  a.workers[0].run_burst(seconds(1));
  a.tap.enable();
  a.queues[0].give({{syn(22, 40001)}, {syn(80)}, {Bytes(3)}, {ipv4({.fragment_field = 0x2000}, tcp({}))}});
  a.workers[0].run_burst(seconds(1));
  const EventTap::Reading reading = a.tap.read(0, 10);
  ASSERT_EQ(reading.events.size(), 4U) << "not what was judged before anybody watched";
  EXPECT_EQ(reading.events[0].packet->source_port, 40001);
  EXPECT_EQ(reading.events[0].decision.verdict, Verdict::accept);
  EXPECT_EQ(reading.events[0].policy->generation, 1U);
  EXPECT_EQ(reading.events[0].at, Assembly::start);
  EXPECT_EQ(reading.events[1].packet->destination_port, 80);
  EXPECT_EQ(reading.events[1].decision.reason, Reason::no_group_rule);
  EXPECT_EQ(reading.events[2].packet.error(), ParseError::bad_version);
  EXPECT_EQ(reading.events[2].decision.reason, Reason::malformed);
  EXPECT_EQ(reading.events[3].packet.error(), ParseError::fragment);
  EXPECT_EQ(reading.events[3].decision.reason, Reason::fragment);
  a.tap.disable();
  a.queues[0].give({{syn(22, 40002)}});
  a.workers[0].run_burst(seconds(1));
  EXPECT_EQ(a.tap.next(), 4U);
}

TEST(Worker, KeepsThePolicyOfADecisionForTheWatcher) {
  Assembly a(1);
  a.tap.enable();
  a.use(allows_22);
  a.queues[0].give({{syn(22)}});
  a.workers[0].run_burst(seconds(1));
  a.use(allows_80);
  a.queues[0].give({{syn(22, 40001)}});
  a.workers[0].run_burst(seconds(1));
  const EventTap::Reading reading = a.tap.read(0, 10);
  ASSERT_EQ(reading.events.size(), 2U);
  EXPECT_EQ(reading.events[0].policy->generation, 1U);
  EXPECT_EQ(reading.events[1].policy->generation, 2U);
}

TEST(Worker, PassesAFenceWithTheFirstBurstThatBeginsBehindIt) {
  Assembly a(2);
  a.use(allows_22);
  const auto number = a.fence.raise();
  a.workers[0].run_burst(Duration::zero());
  EXPECT_FALSE(a.fence.wait(number, Duration::zero())) << "one worker has not looked";
  a.workers[1].run_burst(Duration::zero());
  EXPECT_TRUE(a.fence.wait(number, Duration::zero()));
  const auto next = a.fence.raise();
  EXPECT_FALSE(a.fence.wait(next, Duration::zero()));
  a.run();
  for (FakeQueue& queue : a.queues) queue.wake();
  EXPECT_TRUE(a.fence.wait(next, seconds(20)));
}

TEST(Worker, JudgesAtTheTimeThatATestHasSet) {  // C-32
  Assembly a(1);
  a.use("  - {name: web, ingress: [{protocol: udp, ports: 53, source: 203.0.113.0/24}], egress: []}");
  const Bytes question = ipv4({.destination = "10.0.1.10", .protocol = 17}, udp({}));
  const Bytes answer = ipv4({.source = "10.0.1.10", .destination = "203.0.113.12", .protocol = 17},
                            udp({.source_port = 53, .destination_port = 40000}));
  const auto judged = [&a](const Bytes& packet) {
    a.queues[0].give({{packet}});
    a.workers[0].run_burst(seconds(1));
    return a.queues[0].verdicts().back();
  };
  EXPECT_EQ(judged(question), Verdict::accept);
  a.clock.advance(seconds(30) - Duration(1));
  EXPECT_EQ(judged(answer), Verdict::accept);
  a.clock.advance(seconds(30));
  EXPECT_EQ(judged(answer), Verdict::drop);
  EXPECT_EQ(a.clock.advanced(), seconds(60) - Duration(1));
}

TEST(WorkerClock, RunsAsTheClockOfTheShellDoes) {
  static TimePoint shell;
  const WorkerClock clock([]() noexcept { return shell; });
  shell = Assembly::start;
  EXPECT_EQ(clock.now(), Assembly::start);
  shell = Assembly::start + seconds(1);
  EXPECT_EQ(clock.now(), Assembly::start + seconds(1));
}

TEST(Reloader, ReportsWhatChangedByIdentity) {
  Assembly a(1);
  const ReloadReport first = a.use(allows_22);
  EXPECT_EQ(first.generation, 1U);
  EXPECT_FALSE(first.everywhere) << "no worker has run yet";
  const ReloadReport second = a.use(allows_80);
  ASSERT_EQ(second.added.size(), 1U);
  EXPECT_NE(second.added[0].find("allow tcp 80 203.0.113.0/24 of web"), std::string::npos) << second.added[0];
  ASSERT_EQ(second.removed.size(), 1U);
  EXPECT_NE(second.removed[0].find("tcp 22"), std::string::npos);
  EXPECT_TRUE(second.changed.empty());
}

TEST(Reloader, CallsARuleOfTheSameNumberChanged) {
  Assembly a(1);
  const auto with_entry = [](const char* ports) {
    return std::string(
               "network_acls:\n  - {name: default, ingress: [{rule: 100, action: allow, protocol: tcp, "
               "ports: ") +
           ports + ", cidr: 0.0.0.0/0}], egress: []}\n";
  };
  a.use(allows_22, {}, with_entry("22").c_str());
  const ReloadReport report = a.use(allows_22, {}, with_entry("23").c_str());
  EXPECT_EQ(report.changed.size(), 1U);
  EXPECT_TRUE(report.added.empty() && report.removed.empty());
}

TEST(Reloader, WaitsUntilEveryWorkerJudgesUnderTheNewPolicy) {
  Assembly a(2);
  a.use(allows_22);
  a.run();
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(a.use(round % 2 == 0 ? allows_80 : allows_22, seconds(20)).everywhere);
    a.queues[0].give({{syn(round % 2 == 0 ? 80 : 22)}});
    EXPECT_EQ(a.queues[0].verdicts().back(), Verdict::accept)
        << "the answer to a reload means it is in force";
  }
}

TEST(Reloader, JudgesABurstUnderExactlyOnePolicy) {
  Assembly a(1);
  a.use(allows_22);
  a.run();
  std::jthread feeder([&a] {
    for (unsigned i = 0; i < 500; ++i)
      a.queues[0].give({{syn(22, 1000 + i)}, {syn(80, 1000 + i)}, {syn(22, 3000 + i)}, {syn(80, 3000 + i)}});
  });
  for (int round = 0; round < 100; ++round)
    ASSERT_TRUE(a.use(round % 2 == 0 ? allows_80 : allows_22, seconds(20)).everywhere);
  feeder.join();
  const std::vector<Verdict> verdicts = a.queues[0].verdicts();
  ASSERT_EQ(verdicts.size(), 2000U);
  for (std::size_t i = 0; i < verdicts.size(); i += 4) {
    EXPECT_EQ(verdicts[i], verdicts[i + 2]) << "burst " << i / 4;
    EXPECT_EQ(verdicts[i + 1], verdicts[i + 3]) << "burst " << i / 4;
    EXPECT_NE(verdicts[i], verdicts[i + 1]) << "burst " << i / 4;
  }
}

TEST(Counters, MayBeReadBesideTheWorker) {
  Assembly a(1);
  a.use(allows_22);
  a.run();
  std::uint64_t last = 0;
  for (unsigned i = 0; i < 200; ++i) {
    a.queues[0].give({{syn(80, 1000 + i)}});
    const std::uint64_t seen = a.shards[0].unguarded().counters().reason(Reason::no_group_rule).packets;
    EXPECT_GE(seen, last);
    last = seen;
  }
  EXPECT_EQ(a.queues[0].verdicts().size(), 200U);
  EXPECT_EQ(a.shards[0].unguarded().counters().reason(Reason::no_group_rule).packets, 200U);
}

}  // namespace
}  // namespace vpcwall

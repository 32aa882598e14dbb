#include <gtest/gtest.h>

#include <cstdio>
#include <string>

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

Bytes syn(unsigned port, unsigned source_port) {
  return ipv4({.destination = "10.0.1.10"}, tcp({.source_port = source_port, .destination_port = port}));
}

std::size_t open(Assembly& assembly) {
  return assembly.observers.open({}, *assembly.reloader.current(), assembly.reloader.slots()).value();
}

TEST(ObservedWorkers, TellChangesAndCountRepeats) {
  Assembly a(1);
  a.use(allows_22);
  a.queues[0].give({{syn(22, 1)}});
  a.workers[0].run_burst(seconds(1));
  const std::size_t observer = open(a);
  a.queues[0].give({{syn(80, 1)}, {syn(80, 1)}, {Bytes(3)}, {syn(80, 2)}});
  a.workers[0].run_burst(seconds(1));
  const auto reading = a.observers.read(observer);
  ASSERT_EQ(reading.changes.size(), 3U);
  EXPECT_EQ(reading.changes[0].event.packet->source_port, 1);
  EXPECT_EQ(reading.changes[0].event.at, Assembly::start);
  EXPECT_EQ(reading.changes[1].event.packet.error(), ParseError::bad_version);
  EXPECT_EQ(reading.changes[2].event.packet->source_port, 2);
  EXPECT_EQ(a.observers.decided(observer), 4U);
}

// The reloader announces the next policy before any worker judges under it.
TEST(ObservedWorkers, TellTheChangeThatAReloadMakes) {
  Assembly a(2);
  a.use(allows_22);
  a.run();
  const std::size_t observer = open(a);
  std::uint64_t told = 0;
  for (int round = 0; round < 20; ++round) {
    const std::string acl =
        std::string("network_acls:\n  - {name: default, egress: [], ingress: [{rule: 100, ") +
        "action: " + (round % 2 == 0 ? "allow" : "deny") + ", protocol: tcp, ports: 80, cidr: 0.0.0.0/0}]}\n";
    ASSERT_TRUE(a.use(allows_80, seconds(20), acl.c_str()).everywhere);
    for (FakeQueue& queue : a.queues) {
      queue.give({{syn(80, 1), HookPoint::forward}, {syn(80, 1), HookPoint::forward}});
      EXPECT_EQ(queue.verdicts().size(), 2U * static_cast<std::size_t>(round + 1));
    }
    const auto reading = a.observers.read(observer);
    ASSERT_EQ(reading.changes.size(), 2U) << "one of each worker";
    for (const ObservedChange& change : reading.changes) {
      EXPECT_EQ(change.event.sequence, told++);
      EXPECT_EQ(change.event.decision.verdict, round % 2 == 0 ? Verdict::accept : Verdict::drop);
      EXPECT_EQ(change.before.has_value(), round > 0);
    }
  }
}

// Every packet is judged and answered, and every decision is told, repeated or missed, however fast they
// come.
TEST(ObservedWorkers, AnswerEveryPacketAtFullSpeedBesideAReader) {
  constexpr std::size_t workers = 2, bursts = 1500, burst = 64;
  constexpr std::uint64_t packets = workers * bursts * burst;
  Assembly a(workers, 16);
  a.use(allows_22);
  for (std::size_t i = 0; i < bursts; ++i)
    for (std::size_t worker = 0; worker < workers; ++worker) {
      std::vector<FakeQueue::Given> given;
      for (unsigned j = 0; j < burst; ++j)
        given.push_back(
            {syn(80, j % 2 == 0 ? 1 + j : 1024 + static_cast<unsigned>((i * burst + j) % 60'000))});
      a.queues[worker].give(std::move(given));
    }
  const std::size_t observer = open(a);
  const auto begin = std::chrono::steady_clock::now();
  a.run();
  std::uint64_t told = 0, repeated = 0, missed = 0;
  const auto take = [&](const Observers::Reading& reading) {
    for (const ObservedChange& change : reading.changes) {
      ASSERT_EQ(change.event.sequence, told++);
      if (change.repeated) repeated += change.repeated->count;
    }
    missed += reading.missed;
  };
  while (a.observers.decided(observer) < packets) take(a.observers.read(observer));
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  for (FakeQueue& queue : a.queues) EXPECT_EQ(queue.verdicts().size(), bursts * burst);
  a.observers.stop(observer);
  take(a.observers.read(observer));
  std::vector<Repeats> rest;
  for (Observers::RepeatCursor cursor; a.observers.read_repeats(observer, cursor, rest);) {
  }
  for (const Repeats& one : rest) repeated += one.count;
  EXPECT_EQ(told + repeated + missed, packets);
  std::uint64_t refused = 0;
  for (const Guarded<Shard>& shard : a.shards)
    refused += shard.unguarded().counters().reason(Reason::no_group_rule).packets;
  EXPECT_EQ(refused, packets);
  std::printf("%.0f packets per second; %llu told, %llu repeated, %llu missed\n",
              static_cast<double>(packets) / spent.count(), static_cast<unsigned long long>(told),
              static_cast<unsigned long long>(repeated), static_cast<unsigned long long>(missed));
}

}  // namespace
}  // namespace vpcwall

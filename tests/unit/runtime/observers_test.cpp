#include "runtime/observers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <thread>

#include "support/observed.h"

namespace vpcwall {
namespace {

using nlohmann::json;
using test::packet_of;

class Observed : public ::testing::Test {
 protected:
  std::size_t open(Observers& observers, const json& filter = json::object()) {
    const auto number = observers.open(*read_filter(filter), *vpc_.policy(), vpc_.slots());
    EXPECT_TRUE(number.has_value());
    return number.value_or(0);
  }
  void note(Observers& observers, std::size_t worker, unsigned source_port, unsigned port = 80) {
    const Packet packet = packet_of("tcp S 203.0.113.12:" + std::to_string(source_port) +
                                    " > 10.0.1.10:" + std::to_string(port));
    observers.note(worker, packet, vpc_.judge(packet), vpc_.policy(), vpc_.now());
  }
  static std::vector<unsigned> ports(const Observers::Reading& reading) {
    std::vector<unsigned> all;
    for (const ObservedChange& change : reading.changes) all.push_back(change.event.packet->source_port);
    return all;
  }

  test::ObservedVpc vpc_;
};

TEST_F(Observed, NobodyIsTheStateOfRest) {
  Observers observers(2);
  EXPECT_FALSE(observers.any());
  note(observers, 0, 1);
  const std::size_t one = open(observers);
  EXPECT_TRUE(observers.any());
  EXPECT_EQ(observers.count(), 1U);
  EXPECT_TRUE(observers.read(one).changes.empty()) << "what was decided before is nobody's";
  observers.close(one);
  EXPECT_FALSE(observers.any());
  EXPECT_EQ(observers.count(), 0U);
}

TEST_F(Observed, HandsOutTheEventsOfAllWorkersInTheOrderOfTheirNumbers) {
  Observers observers(3);
  const std::size_t one = open(observers);
  for (unsigned i = 0; i < 9; ++i) note(observers, (i * 2) % 3, 100 + i);
  EXPECT_THAT(ports(observers.read(one)),
              ::testing::ElementsAre(100, 101, 102, 103, 104, 105, 106, 107, 108));
  note(observers, 1, 200);
  EXPECT_THAT(ports(observers.read(one)), ::testing::ElementsAre(200));
}

TEST_F(Observed, EachObserverHasAFilterAndNumbersOfItsOwn) {
  Observers observers(1);
  const std::size_t all = open(observers), denied = open(observers, {{"denied", true}});
  note(observers, 0, 1, 22);
  note(observers, 0, 2, 80);
  EXPECT_THAT(ports(observers.read(all)), ::testing::ElementsAre(1, 2));
  const auto reading = observers.read(denied);
  EXPECT_THAT(ports(reading), ::testing::ElementsAre(2));
  EXPECT_EQ(reading.changes[0].event.sequence, 0U);
  observers.close(all);
  note(observers, 0, 3, 80);
  EXPECT_THAT(ports(observers.read(denied)), ::testing::ElementsAre(3)) << "the other one goes on";
}

TEST_F(Observed, AreSoManyAndNotMore) {
  Observers observers(1);
  for (std::size_t i = 0; i < Observers::most; ++i) open(observers);
  EXPECT_FALSE(observers.open({}, *vpc_.policy(), vpc_.slots()).has_value());
  observers.close(3);
  EXPECT_EQ(open(observers), 3U);
}

TEST_F(Observed, OneThatTakesAPlaceAgainStartsAnew) {
  Observers observers(1);
  note(observers, 0, 1);
  const std::size_t first = open(observers);
  note(observers, 0, 1);
  observers.close(first);
  const std::size_t second = open(observers);
  ASSERT_EQ(second, first);
  EXPECT_EQ(observers.decided(second), 0U);
  note(observers, 0, 1);
  const auto reading = observers.read(second);
  ASSERT_EQ(reading.changes.size(), 1U) << "to this observer the flow is new";
  EXPECT_EQ(reading.changes[0].event.sequence, 0U);
}

TEST_F(Observed, WhoIsStoppedHearsNothingMoreButWhatIsLeft) {
  Observers observers(1);
  const std::size_t one = open(observers);
  note(observers, 0, 1);
  note(observers, 0, 1);
  observers.stop(one);
  EXPECT_FALSE(observers.any());
  note(observers, 0, 2);
  EXPECT_THAT(ports(observers.read(one)), ::testing::ElementsAre(1));
  Observers::RepeatCursor cursor;
  std::vector<Repeats> repeats;
  while (observers.read_repeats(one, cursor, repeats)) {
  }
  ASSERT_EQ(repeats.size(), 1U);
  EXPECT_EQ(repeats[0].count, 1U);
  EXPECT_EQ(observers.decided(one), 2U);
}

TEST_F(Observed, FollowsTheNextPolicy) {
  Observers observers(1);
  const std::size_t one = open(observers, {{"rule", "sgr-80808080"}});
  note(observers, 0, 1);
  vpc_.use(test::ObservedVpc::changed());
  observers.announce(*vpc_.policy(), vpc_.slots());
  note(observers, 0, 1);
  EXPECT_THAT(ports(observers.read(one)), ::testing::ElementsAre(1));
}

TEST_F(Observed, GivesOldPoliciesBackWhenItIsClosed) {
  Observers observers(1);
  const std::size_t one = open(observers);
  note(observers, 0, 1);
  const std::weak_ptr<const CompiledPolicy> watched = vpc_.policy();
  vpc_.use(test::ObservedVpc::changed());
  EXPECT_FALSE(watched.expired()) << "an event keeps the policy that explains it";
  observers.close(one);
  EXPECT_TRUE(watched.expired());
}

// What one observer was told, added up and checked line by line.
struct Ledger {
  std::uint64_t told = 0, repeated = 0, missed = 0;

  void take(const Observers::Reading& reading) {
    for (const ObservedChange& change : reading.changes) {
      ASSERT_EQ(change.event.sequence, told) << "in order and without holes";
      ++told;
      if (change.repeated) take(*change.repeated);
    }
    missed += reading.missed;
  }
  void take(const Repeats& one) {
    ASSERT_LT(one.line.sequence, told) << "only what was told is repeated";
    repeated += one.count;
  }
};

// Workers as fast as they can beside a reader that never stops: nothing waits for the reader, nothing is lost
// without being counted.
TEST_F(Observed, AccountsForEveryDecisionBesideWorkersAtFullSpeed) {
  constexpr std::uint64_t per_worker = 200'000;
  constexpr std::size_t workers = 2;
  Observers observers(workers, {1024, 256});
  const std::size_t one = open(observers);
  // Judged before, so that the workers do nothing but note: faster than any traffic.
  struct Judged {
    Packet packet;
    Decision decision;
  };
  std::vector<Judged> judged;
  for (unsigned i = 0; i < 4096; ++i) {
    const Packet packet = packet_of("udp 203.0.113.12:" + std::to_string(1000 + i) + " > 10.0.1.10:53");
    judged.push_back({packet, vpc_.judge(packet)});
  }
  std::vector<std::jthread> threads;
  std::atomic<unsigned> running{workers};
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t worker = 0; worker < workers; ++worker)
    threads.emplace_back([&, worker] {
      for (std::uint64_t i = 0; i < per_worker; ++i) {
        // Half of them repeat a few flows, the other half are flows without end.
        const std::size_t which = i % 2 == 0 ? worker * 2048 + i % 32 : worker * 2048 + i % 2048;
        observers.note(worker, judged[which].packet, judged[which].decision, vpc_.policy(), vpc_.now());
      }
      running.fetch_sub(1);
    });
  Ledger ledger;
  std::vector<Repeats> repeats;
  Observers::RepeatCursor cursor;
  while (running.load() > 0) {
    ledger.take(observers.read(one));
    if (!observers.read_repeats(one, cursor, repeats)) cursor = {};
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  observers.stop(one);
  ledger.take(observers.read(one));
  for (cursor = {}; observers.read_repeats(one, cursor, repeats);) {
  }
  for (const Repeats& each : repeats) ledger.take(each);
  EXPECT_EQ(observers.decided(one), workers * per_worker);
  EXPECT_EQ(ledger.told + ledger.repeated + ledger.missed, workers * per_worker);
  EXPECT_GT(ledger.repeated, 0U);
  RecordProperty("decisions_per_second",
                 std::to_string(static_cast<double>(workers * per_worker) / spent.count()));
  std::printf("%.0f decisions per second; %llu told, %llu repeated, %llu missed\n",
              static_cast<double>(workers * per_worker) / spent.count(),
              static_cast<unsigned long long>(ledger.told), static_cast<unsigned long long>(ledger.repeated),
              static_cast<unsigned long long>(ledger.missed));
}

}  // namespace
}  // namespace vpcwall

#include "runtime/event_tap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace vpcwall {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Tap : public ::testing::Test {
 protected:
  // A packet that can be told from others by its length.
  void record(EventTap& tap, std::size_t worker, std::uint32_t length) {
    Packet packet;
    packet.length = length;
    tap.record(worker, packet, Decision{}, policy_, TimePoint(std::chrono::hours(1)));
  }
  static std::vector<std::uint32_t> lengths(const EventTap::Reading& reading) {
    std::vector<std::uint32_t> all;
    for (const Event& event : reading.events) all.push_back(event.packet->length);
    return all;
  }

  std::shared_ptr<const CompiledPolicy> policy_ = std::make_shared<CompiledPolicy>();
};

TEST_F(Tap, RecordsNothingUntilItIsEnabled) {
  EventTap tap(1, 8);
  EXPECT_FALSE(tap.enabled());
  record(tap, 0, 1);
  EXPECT_EQ(tap.next(), 0U) << "no number is taken either";
  tap.enable();
  EXPECT_TRUE(tap.enabled());
  record(tap, 0, 2);
  const EventTap::Reading reading = tap.read(0, 10);
  EXPECT_THAT(lengths(reading), ElementsAre(2));
  EXPECT_EQ(reading.next, 1U);
  EXPECT_EQ(reading.missed, 0U);
}

TEST_F(Tap, HandsOutTheEventsOfAllWorkersInTheOrderOfTheirNumbers) {
  EventTap tap(3, 8);
  tap.enable();
  for (std::uint32_t i = 0; i < 9; ++i) record(tap, (i * 2) % 3, i);
  const EventTap::Reading reading = tap.read(0, 100);
  EXPECT_THAT(lengths(reading), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
  for (std::uint64_t i = 0; i < 9; ++i) EXPECT_EQ(reading.events[i].sequence, i);
}

TEST_F(Tap, GoesOnWhereTheLastReadingEnded) {
  EventTap tap(2, 8);
  tap.enable();
  for (std::uint32_t i = 0; i < 5; ++i) record(tap, i % 2, i);
  EventTap::Reading reading = tap.read(0, 2);
  EXPECT_THAT(lengths(reading), ElementsAre(0, 1));
  reading = tap.read(reading.next, 2);
  EXPECT_THAT(lengths(reading), ElementsAre(2, 3));
  reading = tap.read(reading.next, 2);
  EXPECT_THAT(lengths(reading), ElementsAre(4));
  EXPECT_EQ(reading.next, 5U);
  reading = tap.read(reading.next, 2);
  EXPECT_THAT(lengths(reading), IsEmpty());
  EXPECT_EQ(reading.next, 5U);
}

TEST_F(Tap, OverwritesTheOldestAndSaysHowManyAreMissing) {
  EventTap tap(2, 4);
  tap.enable();
  for (std::uint32_t i = 0; i < 10; ++i) record(tap, 0, i);
  record(tap, 1, 10);
  EventTap::Reading reading = tap.read(0, 3);
  EXPECT_THAT(lengths(reading), ElementsAre(6, 7, 8));
  EXPECT_EQ(reading.missed, 6U);
  reading = tap.read(reading.next, 3);
  EXPECT_THAT(lengths(reading), ElementsAre(9, 10));
  EXPECT_EQ(reading.missed, 0U);
  for (std::uint32_t i = 11; i < 16; ++i) record(tap, 0, i);
  reading = tap.read(reading.next, 100);
  EXPECT_THAT(lengths(reading), ElementsAre(12, 13, 14, 15));
  EXPECT_EQ(reading.missed, 1U);
  EXPECT_EQ(tap.read(0, 100).missed, 11U) << "what worker 1 decided is still there";
}

TEST_F(Tap, ReadsRingsLongerThanOnePiece) {
  EventTap tap(2, 4 * EventTap::piece);
  tap.enable();
  for (std::uint32_t i = 0; i < 7 * EventTap::piece; ++i) record(tap, i % 2, i);
  const EventTap::Reading reading = tap.read(3, 6 * EventTap::piece + 1);
  ASSERT_EQ(reading.events.size(), 6 * EventTap::piece + 1);
  for (std::size_t i = 0; i < reading.events.size(); ++i)
    ASSERT_EQ(reading.events[i].packet->length, 3 + i) << "event " << i;
  EXPECT_EQ(reading.next, 6 * EventTap::piece + 4);
}

TEST_F(Tap, ForgetsWhenItIsDisabledAndCountsOn) {
  EventTap tap(1, 8);
  tap.enable();
  record(tap, 0, 1);
  record(tap, 0, 2);
  const std::weak_ptr<const CompiledPolicy> watched = policy_;
  policy_.reset();
  EXPECT_FALSE(watched.expired()) << "an event keeps the policy that explains it";
  tap.disable();
  EXPECT_TRUE(watched.expired());
  policy_ = std::make_shared<CompiledPolicy>();
  record(tap, 0, 3);
  EXPECT_THAT(lengths(tap.read(0, 10)), IsEmpty());
  tap.enable();
  record(tap, 0, 4);
  const EventTap::Reading reading = tap.read(0, 10);
  EXPECT_THAT(lengths(reading), ElementsAre(4));
  EXPECT_EQ(reading.events[0].sequence, 2U);
  EXPECT_EQ(reading.missed, 2U);
}

TEST_F(Tap, KeepsWhatItHasWhenItIsEnabledAgain) {
  EventTap tap(1, 8);
  tap.enable();
  record(tap, 0, 1);
  tap.enable();
  EXPECT_THAT(lengths(tap.read(0, 10)), ElementsAre(1));
}

TEST_F(Tap, TellsAReaderOfAnotherLifeToStartAnew) {
  EventTap tap(1, 8);
  tap.enable();
  record(tap, 0, 1);
  const EventTap::Reading reading = tap.read(1000, 10);
  EXPECT_THAT(lengths(reading), IsEmpty());
  EXPECT_EQ(reading.next, 1U);
  EXPECT_EQ(reading.missed, 0U);
}

TEST_F(Tap, LosesNoNumberBesideWorkersThatWrite) {
  constexpr std::uint64_t per_worker = 20'000;
  EventTap tap(2, 64);
  tap.enable();
  std::vector<std::jthread> workers;
  for (std::size_t worker = 0; worker < 2; ++worker)
    workers.emplace_back([this, &tap, worker] {
      for (std::uint32_t i = 0; i < per_worker; ++i) record(tap, worker, i);
    });
  std::uint64_t since = 0, seen = 0, missed = 0;
  while (since < 2 * per_worker) {
    const EventTap::Reading reading = tap.read(since, 50);
    ASSERT_GE(reading.next, since);
    std::uint64_t last = since;
    for (const Event& event : reading.events) {
      ASSERT_GE(event.sequence, last);
      ASSERT_LT(event.sequence, reading.next);
      last = event.sequence + 1;
    }
    ASSERT_EQ(reading.next - since, reading.events.size() + reading.missed);
    since = reading.next;
    seen += reading.events.size();
    missed += reading.missed;
  }
  EXPECT_EQ(seen + missed, 2 * per_worker);
  EXPECT_GE(seen, 128U) << "the last of each ring at least";
}

}  // namespace
}  // namespace vpcwall

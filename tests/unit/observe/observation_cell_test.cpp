#include "observe/observation_cell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "support/observed.h"

namespace vpcwall {
namespace {

using nlohmann::json;
using test::packet_of;

class Cell : public ::testing::Test {
 protected:
  void open(const json& filter, std::size_t flows = 64, std::size_t events = 64) {
    events_ = events;
    cell_.open(bound(filter), flows, room());
  }
  std::shared_ptr<const BoundFilter> bound(const json& filter) {
    return std::make_shared<const BoundFilter>(*read_filter(filter), *vpc_.policy(), vpc_.slots());
  }
  [[nodiscard]] std::vector<ObservedChange> room() const {
    std::vector<ObservedChange> empty;
    empty.reserve(events_);
    return empty;
  }
  void note(const Packet& packet) {
    cell_.note(packet, vpc_.judge(packet), vpc_.policy(), vpc_.now(), numbers_);
  }
  void note(const std::string& packet, int times = 1) {
    for (int i = 0; i < times; ++i) note(packet_of(packet));
  }
  std::vector<ObservedChange> take() {
    auto changes = room();
    missed_ += cell_.take(changes);
    return changes;
  }
  std::vector<Repeats> repeats() {
    std::vector<Repeats> found;
    for (std::size_t first = 0; cell_.take_repeats(first, 16, found);) first += 16;
    return found;
  }

  test::ObservedVpc vpc_;
  ObservationCell cell_;
  std::atomic<std::uint64_t> numbers_{0};
  std::uint64_t missed_ = 0;
  std::size_t events_ = 0;
};

const std::string ssh = "tcp S 203.0.113.12:40000 > 10.0.1.10:22";
const std::string http = "tcp S 203.0.113.12:40000 > 10.0.1.10:80";

TEST_F(Cell, TellsAFlowOnceAndCountsWhatRepeatsIt) {
  open(json::object());
  note(http, 5);
  note("tcp S 203.0.113.12:40001 > 10.0.1.10:80", 2);
  const auto changes = take();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].event.sequence, 0U);
  EXPECT_EQ(changes[0].event.packet->source_port, 40000);
  EXPECT_EQ(changes[0].event.decision.reason, Reason::no_group_rule);
  EXPECT_EQ(changes[0].event.policy, vpc_.policy());
  EXPECT_FALSE(changes[0].before.has_value());
  EXPECT_EQ(changes[1].event.sequence, 1U);
  auto found = repeats();
  ASSERT_EQ(found.size(), 2U);
  if (found[0].line.sequence > found[1].line.sequence) std::swap(found[0], found[1]);
  EXPECT_EQ(found[0].count, 4U);
  EXPECT_EQ(found[1].count, 1U);
  EXPECT_TRUE(repeats().empty()) << "each is told once";
  EXPECT_EQ(cell_.decided(), 7U);
}

TEST_F(Cell, TakesTheFlowThatARuleOpenedForNoChange) {
  open(json::object());
  note(ssh);
  note("tcp A 203.0.113.12:40000 > 10.0.1.10:22", 3);
  EXPECT_EQ(take().size(), 1U) << "new, then tracked: the same rule";
  EXPECT_EQ(repeats().at(0).count, 3U);
}

TEST_F(Cell, TellsTheReplyOnItsOwn) {
  open(json::object());
  note(ssh);
  note("tcp SA 10.0.1.10:22 > 203.0.113.12:40000");
  EXPECT_EQ(take().size(), 2U);
}

TEST_F(Cell, TellsWhatChangedAndHowOftenItWasOtherwise) {
  open(json::object());
  note(http, 4);
  vpc_.use(test::ObservedVpc::changed());
  cell_.announce(bound(json::object()));
  note(http, 2);
  const auto changes = take();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[1].event.decision.verdict, Verdict::accept);
  ASSERT_TRUE(changes[1].before.has_value());
  EXPECT_EQ(changes[1].before->verdict, Verdict::drop);
  EXPECT_EQ(changes[1].before->reason, Reason::no_group_rule);
  ASSERT_TRUE(changes[1].repeated.has_value());
  EXPECT_EQ(changes[1].repeated->count, 3U);
  EXPECT_EQ(changes[1].repeated->line.sequence, 0U);
  EXPECT_EQ(repeats().at(0).count, 1U);
}

TEST_F(Cell, TellsThatAnotherRuleDecidesAlsoWhenTheVerdictIsTheSame) {
  open(json::object());
  const std::string telnet = "tcp S 203.0.113.12:40000 > 10.0.2.10:23";
  note(telnet);
  vpc_.use(test::ObservedVpc::changed());
  cell_.announce(bound(json::object()));
  note(telnet, 2);
  const auto changes = take();
  ASSERT_EQ(changes.size(), 2U) << "entry 90, then entry 80";
  EXPECT_EQ(changes[1].before->verdict, Verdict::drop);
  EXPECT_NE(changes[1].before->rules[0], changes[1].event.decision.gates[0].rule);
}

TEST_F(Cell, UnderstandsTwoPoliciesAndNoOlderOne) {
  open(json::object());
  const auto first = vpc_.policy();
  for (int reload = 0; reload < 2; ++reload) {
    vpc_.use(test::ObservedVpc::changed());
    cell_.announce(bound(json::object()));
  }
  const Packet packet = packet_of(http);
  cell_.note(packet, vpc_.judge(packet), first, vpc_.now(), numbers_);
  EXPECT_EQ(cell_.decided(), 0U);
  note(http);
  EXPECT_EQ(cell_.decided(), 1U);
}

TEST_F(Cell, LeavesOutWhatTheFilterDoes) {
  open({{"denied", true}});
  note(ssh, 3);
  note(http, 2);
  EXPECT_EQ(cell_.decided(), 2U);
  EXPECT_EQ(take().size(), 1U);
}

TEST_F(Cell, CountsWhatFindsNoRoomAndTellsItTheNextTime) {
  open(json::object(), 64, 2);
  for (int port = 1; port <= 4; ++port)
    note("udp 203.0.113.12:" + std::to_string(port) + " > 10.0.1.10:53", 2);
  EXPECT_EQ(take().size(), 2U);
  EXPECT_EQ(missed_, 4U) << "both packets of the two flows that were not told";
  note("udp 203.0.113.12:4 > 10.0.1.10:53");
  const auto changes = take();
  ASSERT_EQ(changes.size(), 1U) << "it was never told";
  EXPECT_EQ(changes[0].event.sequence, 2U) << "numbers have no holes";
  EXPECT_EQ(cell_.decided(), 2U + 1U + missed_ + 2U);
}

TEST_F(Cell, TellsTheRepeatsOfAFlowThatItForgets) {
  open(json::object(), 4, 64);  // one set
  for (int port = 1; port <= 4; ++port)
    note("udp 203.0.113.12:" + std::to_string(port) + " > 10.0.1.10:53", port);
  note("udp 203.0.113.12:1 > 10.0.1.10:53");  // 2 is the one not seen for the longest time
  note("udp 203.0.113.12:5 > 10.0.1.10:53");
  const auto changes = take();
  ASSERT_EQ(changes.size(), 5U);
  ASSERT_TRUE(changes[4].repeated.has_value());
  EXPECT_EQ(changes[4].repeated->line.flow.source_port, 2);
  EXPECT_EQ(changes[4].repeated->count, 1U);
  EXPECT_FALSE(changes[4].before.has_value()) << "another flow's past is not its own";
  note("udp 203.0.113.12:2 > 10.0.1.10:53");
  EXPECT_EQ(take().size(), 1U) << "forgotten, so told as new";
}

TEST_F(Cell, TellsWhatCannotBeReadByItsReason) {
  open(json::object());
  const auto drop = [&](ParseError error) {
    cell_.note(Unexpected{error}, {.verdict = Verdict::drop, .reason = reason_of(error)}, vpc_.policy(),
               vpc_.now(), numbers_);
  };
  drop(ParseError::bad_version);
  drop(ParseError::bad_version);
  drop(ParseError::fragment);
  EXPECT_EQ(take().size(), 2U);
  EXPECT_EQ(repeats().at(0).line.flow.parse_error, ParseError::bad_version);
}

TEST_F(Cell, NotesNothingOnceItIsClosedAndKeepsWhatItHas) {
  open(json::object());
  note(http, 3);
  cell_.close();
  note(http, 3);
  EXPECT_EQ(cell_.decided(), 3U);
  EXPECT_EQ(take().size(), 1U);
  EXPECT_EQ(repeats().at(0).count, 2U);
}

// Whatever comes and whenever it is fetched: every decision is told, repeated or missed, and by flow nothing
// is told twice in a row.
TEST_F(Cell, AccountsForEveryDecisionOfRandomTraffic) {
  std::mt19937 random(7);  // NOLINT: the same run every time
  open({{"protocol", {"tcp", "udp"}}}, 32, 16);
  std::uint64_t told = 0, repeated = 0, matched = 0;
  std::map<std::uint64_t, std::uint64_t> repeats_of;  // by sequence
  const auto count = [&](const Repeats& one) {
    ASSERT_GT(one.count, 0U);
    ASSERT_LT(one.line.sequence, numbers_.load());
    repeated += one.count;
    repeats_of[one.line.sequence] += one.count;
  };
  std::uint64_t next = 0;
  const auto fetch = [&] {
    for (const ObservedChange& change : take()) {
      ASSERT_EQ(change.event.sequence, next++);
      ++told;
      if (change.repeated) count(*change.repeated);
      if (change.before) {
        ASSERT_NE(*change.before, said_by(change.event.decision));
      }
    }
  };
  for (int step = 0; step < 20'000; ++step) {
    const auto kind = static_cast<unsigned>(random() % 100);
    if (kind == 0) {
      vpc_.use(random() % 2 == 0 ? test::ObservedVpc::changed() : test::ObservedVpc::plain());
      cell_.announce(bound({{"protocol", {"tcp", "udp"}}}));
    } else if (kind < 4) {
      fetch();
    } else if (kind < 6) {
      for (const Repeats& one : repeats()) count(one);
    } else {
      const std::string port = std::to_string(1000 + random() % 40);
      const char* ports[] = {"22", "80", "23"};
      const bool icmp = kind < 10;
      const std::string ends = " 203.0.113.12:" + port + " > 10.0.1.10:" + ports[random() % 3];
      note(icmp ? "icmp 8/0 1 203.0.113.12 > 10.0.1.10" : (kind < 50 ? "udp" : "tcp S") + ends);
      if (!icmp) ++matched;
    }
  }
  fetch();
  for (const Repeats& one : repeats()) count(one);
  EXPECT_EQ(cell_.decided(), matched);
  EXPECT_EQ(told + repeated + missed_, matched);
  EXPECT_GT(missed_, 0U);
  EXPECT_GT(repeated, 0U);
}

}  // namespace
}  // namespace vpcwall

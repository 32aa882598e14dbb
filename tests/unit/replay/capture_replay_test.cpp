#include "replay/capture_replay.h"

#include <gtest/gtest.h>

#include "replay/decision_text.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using std::chrono::seconds;

Policy web_and_app() {
  return test::small_vpc(R"(
  - name: web
    ingress: [{protocol: tcp, ports: 443, source: 203.0.113.0/24}]
    egress: [{protocol: tcp, ports: 8080, destination: {group: app}}]
  - name: app
    ingress: [{protocol: tcp, ports: 8080, source: {group: web}}]
    egress: []
)");
}

class Play {
 public:
  explicit Play(const Policy& policy) : replay(policy) {}

  Decision judge(std::string_view text, Duration at = {}) {
    Arrival arrival;
    arrival.kind = Arrival::Kind::packet;
    arrival.packet = test::packet_of(text);
    arrival.bytes = arrival.packet.length;
    arrival.at = at;
    return replay.judge(arrival).value();  // NOLINT(bugprone-unchecked-optional-access)
  }
  std::string text(std::string_view packet, Duration at = {}) {
    const Simulation& simulation = replay.simulation();
    return decision_text(judge(packet, at), simulation.policy(), simulation.slots());
  }

  CaptureReplay replay;
};

TEST(CaptureReplay, RemembersFlowsForTheirTime) {
  Play play(web_and_app());
  EXPECT_EQ(play.text("tcp S 203.0.113.12:40000 > 10.0.1.10:443"),
            "accept, passed: acl-ingress public allow 100, sg-ingress web new web");
  EXPECT_EQ(play.text("tcp SA 10.0.1.10:443 > 203.0.113.12:40000", seconds(1)),
            "accept, passed: sg-egress web tracked web, acl-egress public allow 100");
  EXPECT_EQ(play.text("tcp A 10.0.1.10:443 > 203.0.113.12:40000", seconds(500'000)),
            "drop, no-group-rule: sg-egress web deny");
}

TEST(CaptureReplay, AsksBothEndsOfAPacketUnlessOneIsWatched) {
  constexpr std::string_view packet = "tcp S 10.0.1.10:50000 > 10.0.1.11:8080";
  Play all(web_and_app());
  EXPECT_EQ(all.text(packet), "accept, passed: sg-egress web new web, sg-ingress app new app");
  Play one(web_and_app());
  ASSERT_TRUE(one.replay.watch("app", std::nullopt));
  EXPECT_EQ(one.text(packet), "accept, passed: sg-ingress app new app");
  EXPECT_EQ(one.text("tcp S 10.0.1.10:50000 > 203.0.113.12:443"), "accept, not-guarded");
  Play forwarded(web_and_app());
  ASSERT_TRUE(forwarded.replay.watch("web", Direction::ingress));
  EXPECT_EQ(forwarded.text("tcp S 203.0.113.12:40000 > 10.0.1.10:443"),
            "accept, passed: acl-ingress public allow 100, sg-ingress web new web");
  EXPECT_FALSE(Play(web_and_app()).replay.watch("nobody", std::nullopt));
}

TEST(CaptureReplay, CountsWhatBecameOfEveryArrival) {
  CaptureReplay replay(web_and_app());
  Arrival arrival;
  for (const auto kind :
       {Arrival::Kind::not_ip, Arrival::Kind::cut, Arrival::Kind::held, Arrival::Kind::held}) {
    arrival.kind = kind;
    EXPECT_FALSE(replay.judge(arrival));
  }
  arrival.kind = Arrival::Kind::damaged;
  arrival.error = ParseError::bad_version;
  const auto damaged = replay.judge(arrival);
  ASSERT_TRUE(damaged);
  EXPECT_EQ(damaged->verdict, Verdict::drop);
  EXPECT_EQ(damaged->reason, Reason::malformed);
  EXPECT_EQ(replay.conversation(), nullptr);
  EXPECT_EQ(replay.count(Arrival::Kind::held), 2U);
  EXPECT_EQ(replay.count(Arrival::Kind::damaged), 1U);
  EXPECT_EQ(replay.dropped(), 1U);
  EXPECT_EQ(replay.simulation().shard().counters().reason(Reason::malformed).packets, 1U);
  EXPECT_EQ(replay.simulation().shard().counters().parse_error(ParseError::bad_version).packets, 1U);
}

TEST(CaptureReplay, KeepsConversations) {
  Play play(web_and_app());
  play.judge("tcp S 203.0.113.12:40000 > 10.0.1.10:443");
  play.judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22", seconds(1));
  play.judge("tcp SA 10.0.1.10:443 > 203.0.113.12:40000", seconds(2));
  const auto& all = play.replay.conversations().all();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(play.replay.conversation(), all.data());
  EXPECT_EQ(describe(all[0]), "tcp 203.0.113.12:40000 - 10.0.1.10:443");
  EXPECT_EQ(all[0].packets, 2U);
  EXPECT_EQ(all[0].accepted, 2U);
  EXPECT_EQ(all[0].last, seconds(2));
  EXPECT_EQ(all[0].outcomes.size(), 4U);
  EXPECT_EQ(all[1].dropped, 1U);
  EXPECT_EQ(all[1].first, seconds(1));
}

TEST(DecisionText, NamesExemptTrafficAndJourneysWithoutGates) {
  Play play(web_and_app());
  EXPECT_EQ(play.text("udp 169.254.169.254:123 > 10.0.1.10:123"), "accept, exempt: exempt");
  EXPECT_EQ(play.text("udp 192.0.2.1:123 > 192.0.2.2:123"), "accept, not-guarded");
}

}  // namespace
}  // namespace vpcwall

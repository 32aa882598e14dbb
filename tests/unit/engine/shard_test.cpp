#include "engine/shard.h"

#include <gtest/gtest.h>

#include "engine/flow_identity.h"
#include "policy/compile.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using std::chrono::seconds;
using test::packet_of;
using test::small_vpc;

constexpr const char* narrow_web =
    "  - {name: web, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}], egress: []}";

class ShardTest : public ::testing::Test {
 protected:
  void use(const Policy& policy) {
    policy_ = compile(policy, context_, ++generation_);
    shard_.counters().reserve(context_.slots.size());
    shard_.adopt(policy_, now_);
    shard_.sweep(now_, shard_.flows().places());
  }
  Decision judge(const char* text) {
    const Packet packet = packet_of(text);
    return shard_.judge(*policy_, {packet, find_journey(*policy_, packet, {}), now_});
  }
  [[nodiscard]] std::uint32_t held() const { return allowance_.used(policy_->interfaces[0].number); }
  [[nodiscard]] Count counted(const char* match) const {
    for (CounterSlot slot = 0; slot < context_.slots.size(); ++slot)
      if (context_.slots.identity(slot).match == match) return shard_.counters().rule(slot);
    ADD_FAILURE() << "no rule " << match;
    return {};
  }

  CompileContext context_;
  FlowAllowance allowance_;
  Shard shard_{4, {1, 2, 3, 4}, allowance_};
  std::shared_ptr<const CompiledPolicy> policy_;
  std::uint64_t generation_ = 0;
  TimePoint now_{std::chrono::hours(1)};
};

TEST_F(ShardTest, CountsEachRuleThatSpokeAndTheConversationOfAFlow) {
  use(small_vpc(narrow_web));
  judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22");
  judge("tcp SA 10.0.1.10:22 > 203.0.113.12:40000");
  judge("tcp S 203.0.113.12:40000 > 10.0.1.10:80");
  EXPECT_EQ(counted("allow tcp 22 203.0.113.0/24").packets, 2U)
      << "the reply counts for the rule that opened the flow";
  EXPECT_EQ(counted("allow tcp 22 203.0.113.0/24").bytes, 120U);
  EXPECT_EQ(shard_.counters().gate(Gate::sg_ingress, Outcome::deny).packets, 1U);
  EXPECT_EQ(shard_.counters().reason(Reason::no_group_rule).packets, 1U);
  EXPECT_EQ(shard_.counters().reason(Reason::passed).packets, 2U);
}

TEST_F(ShardTest, KeepsCountersByIdentityOverReloads) {
  use(small_vpc(narrow_web));
  judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22");
  use(
      small_vpc("  - {name: web, ingress: [{protocol: udp, ports: 53, source: 0.0.0.0/0}, "
                "{protocol: tcp, ports: 22, source: 203.0.113.0/24, description: moved}], egress: []}"));
  judge("tcp S 203.0.113.12:40001 > 10.0.1.10:22");
  EXPECT_EQ(counted("allow tcp 22 203.0.113.0/24").packets, 2U);
}

TEST_F(ShardTest, StartsARuleAtZeroWhenItsMatchChanges) {
  use(small_vpc(narrow_web));
  judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22");
  use(small_vpc(
      "  - {name: web, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/25}], egress: []}"));
  EXPECT_EQ(counted("allow tcp 22 203.0.113.0/25").packets, 0U);
}

TEST_F(ShardTest, KeepsTrackedFlowsOverTheRemovalOfTheirRule) {
  use(small_vpc(narrow_web));
  judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22");
  use(small_vpc("  - {name: web, ingress: [], egress: []}"));
  EXPECT_EQ(judge("tcp PA 203.0.113.12:40000 > 10.0.1.10:22").verdict, Verdict::accept);
  EXPECT_EQ(judge("tcp S 203.0.113.12:40001 > 10.0.1.10:22").verdict, Verdict::drop);
}

TEST_F(ShardTest, ForgetsFlowsThatAChangeMadeUntrackedEvenIfAnotherChangeFollows) {
  use(small_vpc(narrow_web));
  judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22");
  EXPECT_EQ(held(), 1U);
  use(
      small_vpc("  - {name: web, ingress: [{protocol: all, source: 0.0.0.0/0}], egress: [{protocol: all, "
                "destination: 0.0.0.0/0}]}"));
  EXPECT_EQ(held(), 0U);
  use(small_vpc("  - {name: web, ingress: [], egress: []}"));
  EXPECT_EQ(judge("tcp PA 203.0.113.12:40000 > 10.0.1.10:22").verdict, Verdict::drop) << "C-25";
}

// C-25: whether the sweep has come to a flow or not, no packet meets a flow that a change has ended.
TEST_F(ShardTest, NoPacketMeetsAnEndedFlowBeforeTheSweep) {
  use(small_vpc(narrow_web));
  judge("tcp S 203.0.113.12:1 > 10.0.1.10:22");
  judge("tcp S 203.0.113.12:2 > 10.0.1.10:22");
  policy_ = compile(
      small_vpc("  - {name: web, ingress: [{protocol: all, source: 0.0.0.0/0}], egress: [{protocol: all, "
                "destination: 0.0.0.0/0}]}"),
      context_, ++generation_);
  shard_.counters().reserve(context_.slots.size());
  shard_.adopt(policy_, now_);
  EXPECT_EQ(held(), 2U) << "the sweep has not begun";
  EXPECT_EQ(judge("tcp A 203.0.113.12:2 > 10.0.1.10:22").gates[1].outcome, Outcome::untracked);
  EXPECT_EQ(held(), 1U);
  EXPECT_FALSE(shard_.tracks(flow_key(packet_of("tcp A 203.0.113.12:1 > 10.0.1.10:22"), Direction::ingress,
                                      policy_->interfaces[0].number)
                                 .value(),
                             now_));
  EXPECT_FALSE(shard_.sweep(now_, 1)) << "the second place is still to be looked at";
  EXPECT_EQ(held(), 0U);
  EXPECT_TRUE(shard_.sweep(now_, 1));
}

TEST_F(ShardTest, EndedFlowsMakeRoomForNewOnes) {
  use(small_vpc(narrow_web));
  for (const char* packet : {"tcp S 203.0.113.12:1 > 10.0.1.10:22", "tcp S 203.0.113.12:2 > 10.0.1.10:22",
                             "tcp S 203.0.113.12:3 > 10.0.1.10:22", "tcp S 203.0.113.12:4 > 10.0.1.10:22"})
    judge(packet);
  Policy without =
      small_vpc("  - {name: app, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}]}");
  without.interfaces.erase(without.interfaces.begin());
  policy_ = compile(without, context_, ++generation_);
  shard_.counters().reserve(context_.slots.size());
  shard_.adopt(policy_, now_);
  EXPECT_EQ(judge("tcp S 203.0.113.12:5 > 10.0.1.11:22").verdict, Verdict::accept);
  EXPECT_EQ(shard_.flows().size(), 1U);
}

constexpr const char* web_and_db =
    "  - {name: web, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}], egress: [{protocol: tcp, "
    "ports: 5432, destination: 10.0.0.0/16}]}\n"
    "  - {name: db, ingress: [{protocol: tcp, ports: 5432, source: 10.0.0.0/16}]}";

// A packet between two guarded interfaces opens two flows, and where there is room for one there is none for
// both.
TEST_F(ShardTest, CountsThePlaceThatTheOtherSideTakes) {
  use(small_vpc(web_and_db));
  for (const char* packet : {"tcp S 203.0.113.12:1 > 10.0.1.10:22", "tcp S 203.0.113.12:2 > 10.0.1.10:22",
                             "tcp S 203.0.113.12:3 > 10.0.1.10:22"})
    judge(packet);
  const char* query = "tcp S 10.0.1.10:40000 > 10.0.2.10:5432";
  const Packet packet = packet_of(query);
  Trace trace;
  const Decision told = shard_.explain(*policy_, {packet, find_journey(*policy_, packet, {}), now_}, trace);
  EXPECT_EQ(told.reason, Reason::flow_table_full) << "whoever only asks is told the same";
  EXPECT_EQ(judge(query).reason, Reason::flow_table_full);
  now_ += seconds(600);
  EXPECT_EQ(judge(query).verdict, Verdict::accept) << "idle flows make room for both";
}

TEST_F(ShardTest, ForgetsTheFlowsOfAnInterfaceThatIsGone) {
  use(small_vpc(narrow_web));
  judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22");
  Policy without = small_vpc(narrow_web);
  const InterfaceNumber number = policy_->interfaces[0].number;
  without.interfaces.erase(without.interfaces.begin());
  use(without);
  EXPECT_EQ(shard_.flows().size(), 0U);
  EXPECT_EQ(allowance_.used(number), 0U);
}

TEST_F(ShardTest, RefusesNewFlowsWhenFullOfLiveOnesOnly) {
  use(small_vpc(narrow_web));
  const char* packets[] = {"tcp S 203.0.113.12:1 > 10.0.1.10:22", "tcp S 203.0.113.12:2 > 10.0.1.10:22",
                           "tcp S 203.0.113.12:3 > 10.0.1.10:22", "tcp S 203.0.113.12:4 > 10.0.1.10:22"};
  for (const char* packet : packets) EXPECT_EQ(judge(packet).verdict, Verdict::accept);
  const Decision refused = judge("tcp S 203.0.113.12:5 > 10.0.1.10:22");
  EXPECT_EQ(refused.reason, Reason::flow_table_full);
  EXPECT_EQ(counted("allow tcp 22 203.0.113.0/24").packets, 4U) << "a rule that let nothing pass has no hit";
  EXPECT_EQ(judge(packets[0]).verdict, Verdict::accept) << "existing flows go on";
  now_ += seconds(120);
  EXPECT_EQ(judge("tcp S 203.0.113.12:5 > 10.0.1.10:22").verdict, Verdict::accept) << "idle ones make room";
  EXPECT_EQ(held(), 1U);
}

// C-60
TEST_F(ShardTest, KeepsAShareOfTheTableForEveryInterface) {
  Shard shard(24, {5, 6, 7, 8}, allowance_);  // three interfaces: four flows each, and twelve for everyone
  use(
      small_vpc("  - {name: web, ingress: [{protocol: udp, ports: 53, source: 203.0.113.0/24}]}\n"
                "  - {name: db, ingress: [{protocol: udp, ports: 53, source: 203.0.113.0/24}]}"));
  shard.adopt(policy_, now_);
  const auto opened = [&](const char* destination) {
    std::size_t count = 0;
    for (int port = 1; port <= 30; ++port) {
      const Packet packet =
          packet_of("udp 203.0.113.12:" + std::to_string(port) + " > " + destination + ":53");
      count += shard.judge(*policy_, {packet, find_journey(*policy_, packet, {}), now_}).verdict ==
               Verdict::accept;
    }
    return count;
  };
  EXPECT_EQ(opened("10.0.1.10"), 16U);
  EXPECT_EQ(opened("10.0.2.10"), 4U);
}

TEST_F(ShardTest, GivesTheAllowanceBackWhenASynStartsAnew) {
  use(small_vpc(narrow_web, "behavior: {flows_per_interface: 1}\n"));
  judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22");
  judge("tcp R 203.0.113.12:40000 > 10.0.1.10:22");
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22").gates[1].outcome, Outcome::fresh);
  EXPECT_EQ(held(), 1U);
  now_ += seconds(500);
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22").gates[1].outcome, Outcome::fresh);
  EXPECT_EQ(held(), 1U) << "an expired flow of the same tuple is given back, too";
}

// C-29: a SYN on the tuple of a closed flow ends that flow, also when nobody lets the SYN in.
TEST_F(ShardTest, ARefusedSynEndsTheClosedFlowUnderIt) {
  use(small_vpc(narrow_web));
  judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22");
  judge("tcp R 203.0.113.12:40000 > 10.0.1.10:22");
  ASSERT_EQ(held(), 1U);
  use(small_vpc("  - {name: web, ingress: [], egress: []}"));
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22").reason, Reason::no_group_rule);
  EXPECT_EQ(held(), 0U);
  EXPECT_EQ(judge("tcp A 10.0.1.10:22 > 203.0.113.12:40000").reason, Reason::no_group_rule)
      << "no flow is left that would let an answer out";
}

TEST_F(ShardTest, HonoursTheLimitOfAnInterfaceOverAllShards) {
  Shard other(4, {5, 6, 7, 8}, allowance_);
  use(small_vpc(narrow_web, "behavior: {flows_per_interface: 1}\n"));
  other.counters().reserve(context_.slots.size());
  const Packet first = packet_of("tcp S 203.0.113.12:1 > 10.0.1.10:22");
  EXPECT_EQ(other.judge(*policy_, {first, find_journey(*policy_, first, {}), now_}).verdict, Verdict::accept);
  EXPECT_EQ(judge("tcp S 203.0.113.12:2 > 10.0.1.10:22").reason, Reason::flow_table_full);
}

// Out of an interface and into the same one: the last place goes to the side that is left (O-1, C-60, C-66).
TEST_F(ShardTest, NamesTheGateThatFoundNoRoomWhenAnInterfaceIsLeftAndEnteredAtOnce) {
  Policy policy = small_vpc(
      "  - {name: web, ingress: [{protocol: 47, source: 0.0.0.0/0}], egress: [{protocol: 47, destination: "
      "0.0.0.0/0}]}",
      "behavior: {flows_per_interface: 1}\n");
  policy.interfaces[0].source_dest_check = false;
  use(policy);
  const Packet packet = packet_of("47 10.0.1.10 > 203.0.113.12");
  const Decision decision = shard_.judge(*policy_, {packet, {0, 0}, now_});
  EXPECT_EQ(decision.reason, Reason::flow_table_full);
  ASSERT_EQ(decision.gate_size, 4U);
  EXPECT_EQ(decision.gates[0].outcome, Outcome::fresh);
  EXPECT_EQ(decision.gates[3].gate, Gate::sg_ingress);
  EXPECT_EQ(decision.gates[3].outcome, Outcome::table_full);
  EXPECT_EQ(held(), 1U);
}

TEST_F(ShardTest, ExplainsWithoutAnyEffect) {
  use(small_vpc(narrow_web));
  const Packet packet = packet_of("tcp S 203.0.113.12:40000 > 10.0.1.10:22");
  Trace trace;
  EXPECT_EQ(shard_.explain(*policy_, {packet, find_journey(*policy_, packet, {}), now_}, trace).verdict,
            Verdict::accept);
  EXPECT_EQ(shard_.flows().size(), 0U);
  EXPECT_EQ(shard_.counters().reason(Reason::passed).packets, 0U);
}

TEST_F(ShardTest, CountsWhatDoesNotParse) {
  shard_.count(ParseError::bad_version, 20, now_);
  shard_.count(ParseError::fragment, 1500, now_);
  EXPECT_EQ(shard_.counters().parse_error(ParseError::bad_version).packets, 1U);
  EXPECT_EQ(shard_.counters().reason(Reason::malformed).bytes, 20U);
  EXPECT_EQ(shard_.counters().reason(Reason::fragment).bytes, 1500U);
}

TEST_F(ShardTest, GivesEveryReasonItsVerdict) {
  use(small_vpc(narrow_web));
  for (const char* packet :
       {"tcp S 203.0.113.12:40000 > 10.0.1.10:22", "tcp S 203.0.113.12:40000 > 10.0.1.10:80",
        "tcp S 203.0.113.12:1 > 198.51.100.7:80", "udp 10.0.1.10:68 > 169.254.169.253:53"}) {
    const Decision decision = judge(packet);
    EXPECT_EQ(decision.verdict, verdict_of(decision.reason)) << packet << ": " << to_string(decision.reason);
  }
  for (std::uint16_t port = 1; port <= 8; ++port) {  // more than there is room for
    const Decision decision =
        judge(("tcp S 203.0.113.12:" + std::to_string(port) + " > 10.0.1.10:22").c_str());
    EXPECT_EQ(decision.verdict, verdict_of(decision.reason)) << to_string(decision.reason);
  }
}

}  // namespace
}  // namespace vpcwall

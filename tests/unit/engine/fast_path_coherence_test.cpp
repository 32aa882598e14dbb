// The rules of fast_path/fast_path.h that keep a cache from changing a verdict, one test for each.
#include <gtest/gtest.h>

#include "engine/flow_identity.h"
#include "engine/recovered_flows.h"
#include "engine/shard.h"
#include "policy/compile.h"
#include "property/fast_path_play.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using std::chrono::seconds;
using test::packet_of;
using test::small_vpc;

constexpr const char* narrow_web =
    "  - {name: web, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}], egress: []}";

// A shard of four flows and the kernel's part beside it, in this process.
class FastPathCoherence : public ::testing::Test {
 protected:
  FastPathCoherence() : fast_path_(kernel_.memory()) { shard_.use(fast_path_, 0); }

  void use(const Policy& policy) {
    policy_ = compile(policy, context_, ++generation_);
    shard_.counters().reserve(context_.slots.size());
    fast_path_.begin_change();
    fast_path_.end_change(generation_, services_of(*policy_).value());
    shard_.adopt(policy_, now_);
    shard_.sweep(now_, shard_.flows().places());
  }
  void wait(Duration time) {
    now_ += time;
    fast_path_.stand_still(now_);
  }

  enum class By { kernel, daemon };
  struct Answer {
    By by = By::kernel;
    Verdict verdict = Verdict::accept;
    friend bool operator==(const Answer&, const Answer&) = default;
  };
  Answer send(const char* text) {
    fast_path_.stand_still(now_);
    const Packet packet = packet_of(text);
    const Journey journey = find_journey(*policy_, packet, {});
    constexpr Passage any{1, 0};
    if (has_ports(packet.protocol) && kernel_.passes(packet, any)) return {By::kernel, Verdict::accept};
    if (has_ports(packet.protocol) && kernel_.refuses(packet, any)) return {By::kernel, Verdict::drop};
    const Question question{packet, journey, now_};
    const Decision decision = shard_.judge(*policy_, question);
    shard_.remember(*policy_, question, decision, {any, any, way_back(journey)});
    return {By::daemon, decision.verdict};
  }
  void take_over() {
    for (int rounds = 0; rounds < 2;) rounds += shard_.take_over(1000) ? 1 : 0;
  }
  void let_go() {  // the kernel
    fast_path_.grace_periods().begin();
    fast_path_.grace_periods().end();
  }
  [[nodiscard]] std::uint64_t counted(std::string_view match) const {
    for (CounterSlot slot = 0; slot < context_.slots.size(); ++slot)
      if (context_.slots.identity(slot).match == match) return shard_.counters().rule(slot).packets;
    ADD_FAILURE() << "no rule " << match;
    return 0;
  }

  static constexpr Answer passed_by_kernel{By::kernel, Verdict::accept};
  static constexpr Answer refused_by_kernel{By::kernel, Verdict::drop};
  static constexpr Answer accepted{By::daemon, Verdict::accept};
  static constexpr Answer refused{By::daemon, Verdict::drop};

  property::HostKernel kernel_;
  FastPath fast_path_;
  CompileContext context_;
  FlowAllowance allowance_;
  Shard shard_{4, {1, 2, 3, 4}, allowance_};
  std::shared_ptr<const CompiledPolicy> policy_;
  std::uint64_t generation_ = 0;
  TimePoint now_{std::chrono::hours(1)};
};

constexpr const char* syn = "tcp S 203.0.113.12:40000 > 10.0.1.10:22";
constexpr const char* syn_ack = "tcp SA 10.0.1.10:22 > 203.0.113.12:40000";
constexpr const char* ack = "tcp A 203.0.113.12:40000 > 10.0.1.10:22";
constexpr const char* reset = "tcp R 203.0.113.12:40000 > 10.0.1.10:22";

TEST_F(FastPathCoherence, OneJudgedPacketLetsAWholeConnectionPass) {
  use(small_vpc(narrow_web));
  EXPECT_EQ(send(syn), accepted);
  for (const char* packet : {syn_ack, ack, "tcp FA 203.0.113.12:40000 > 10.0.1.10:22",
                             "tcp FA 10.0.1.10:22 > 203.0.113.12:40000", ack})
    EXPECT_EQ(send(packet), passed_by_kernel) << packet;
  EXPECT_EQ(send(syn), accepted) << "who opens anew is judged anew (C-29)";
}

TEST_F(FastPathCoherence, WhatRestsIsJudgedAndStillCounted) {
  use(small_vpc(narrow_web));
  const char* refused_syn = "tcp S 203.0.113.12:40001 > 10.0.1.10:80";
  send(syn);
  send(refused_syn);
  EXPECT_EQ(send(ack), passed_by_kernel);
  EXPECT_EQ(send(refused_syn), refused_by_kernel);
  fast_path_.rest(false, true);
  take_over();
  EXPECT_EQ(send(ack), passed_by_kernel) << "flows do not rest";
  for (int i = 0; i < 2; ++i) EXPECT_EQ(send(refused_syn), refused) << "and is not remembered again";
  fast_path_.rest(true, true);
  take_over();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(send(ack), accepted);
  EXPECT_EQ(shard_.cached_flows() + shard_.cached_refusals(), 0U);
  fast_path_.rest(false, false);
  EXPECT_EQ(send(ack), accepted);
  EXPECT_EQ(send(ack), passed_by_kernel);
  EXPECT_EQ(send(refused_syn), refused);
  EXPECT_EQ(send(refused_syn), refused_by_kernel);
  let_go();
  take_over();
  EXPECT_EQ(counted("allow tcp 22 203.0.113.0/24"), 7U);
  EXPECT_EQ(shard_.counters().reason(Reason::no_group_rule).packets, 6U);
}

TEST_F(FastPathCoherence, NothingIsAnsweredUnderAnOlderPolicy) {
  use(small_vpc(narrow_web));
  send(syn);
  send("tcp S 203.0.113.12:40000 > 10.0.1.10:80");
  EXPECT_EQ(send("tcp S 203.0.113.12:40001 > 10.0.1.10:80"), refused_by_kernel);
  fast_path_.begin_change();  // already now, before the new one is published
  EXPECT_EQ(send(ack), accepted);
  EXPECT_EQ(send("tcp S 203.0.113.12:40001 > 10.0.1.10:80"), refused);
  use(small_vpc(narrow_web));
  EXPECT_EQ(send(ack), accepted) << "judged once";
  EXPECT_EQ(send(ack), passed_by_kernel);
}

TEST_F(FastPathCoherence, ARecordGoesWithItsFlow) {
  use(small_vpc(narrow_web));
  send(syn);
  use(
      small_vpc("  - {name: web, ingress: [{protocol: all, source: 0.0.0.0/0}], egress: [{protocol: all, "
                "destination: 0.0.0.0/0}]}"));
  EXPECT_EQ(shard_.flows().size(), 0U) << "now untracked";
  EXPECT_EQ(shard_.cached_flows(), 0U);
}

TEST_F(FastPathCoherence, TheKernelsKnowledgeKeepsAFlowAliveAndEndsIt) {
  use(small_vpc(narrow_web));
  send(syn);  // 120 s
  wait(seconds(100));
  EXPECT_EQ(send(syn_ack), passed_by_kernel);  // now 60 s from here
  wait(seconds(50));
  EXPECT_EQ(shard_.expire(now_, 10), 0U) << "the daemon's own knowledge is 150 s old";
  EXPECT_TRUE(
      shard_.tracks(*flow_key(packet_of(ack), Direction::ingress, policy_->interfaces[0].number), now_));
  wait(seconds(10));
  EXPECT_EQ(send(syn_ack), refused) << "gone at the instant of its timeout (C-42)";
}

TEST_F(FastPathCoherence, AFullTableKnowsWhatEndedInTheKernel) {
  use(small_vpc(narrow_web, "behavior: {flows_per_interface: 1}"));
  EXPECT_EQ(send(syn), accepted);
  EXPECT_EQ(send(reset), passed_by_kernel);  // closed: 10 s
  wait(seconds(9));
  EXPECT_EQ(send("tcp S 203.0.113.12:40001 > 10.0.1.10:22"), refused);
  wait(seconds(1));
  EXPECT_EQ(send("tcp S 203.0.113.12:40001 > 10.0.1.10:22"), accepted);
}

TEST_F(FastPathCoherence, WhatTheKernelCountedIsAddedOnceAlsoWhenItComesLate) {
  use(small_vpc(narrow_web));
  send(syn);
  send(ack);
  EXPECT_EQ(counted("allow tcp 22 203.0.113.0/24"), 1U);
  take_over();
  take_over();
  EXPECT_EQ(counted("allow tcp 22 203.0.113.0/24"), 2U);
  fast_path::flow_record* record = nullptr;
  for (fast_path::flow_record& one : kernel_.memory().flows)
    if (one.generation != 0) record = &one;
  ASSERT_NE(record, nullptr);
  send(syn);                          // retires it
  record->direction[0].packets += 3;  // as programs do that had looked before
  take_over();
  EXPECT_EQ(counted("allow tcp 22 203.0.113.0/24"), 3U);
  let_go();
  take_over();
  take_over();
  EXPECT_EQ(counted("allow tcp 22 203.0.113.0/24"), 6U);
}

TEST_F(FastPathCoherence, APlaceIsNotUsedAgainBeforeTheKernelHasLetGo) {
  use(small_vpc(narrow_web));
  for (int i = 0; i < 8; ++i) send(syn);  // each retires the one before: the bucket is full
  EXPECT_EQ(send(ack), passed_by_kernel);
  send(syn);
  EXPECT_EQ(send(ack), accepted) << "no place, and no harm";
  let_go();
  take_over();
  send(syn);
  EXPECT_EQ(send(ack), passed_by_kernel);
}

// The ephemeral-port mistake with real traffic: requests go on passing, and every answer is refused by the
// daemon, without either pushing the other out.
// A flow that begins in a hurry: many of its packets wait in the queue already when the first is judged. Were
// each judged in turn, each would push out the record that the one before had made, until no place is left.
TEST_F(FastPathCoherence, PacketsThatWaitInTheQueuePassByTheRecord) {
  use(small_vpc(
      "  - {name: web, ingress: [{protocol: udp, ports: 53, source: 203.0.113.0/24}], egress: []}"));
  const char* query = "udp 203.0.113.12:40000 > 10.0.1.10:53";
  EXPECT_EQ(send(query), accepted);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(shard_.passes(packet_of(query), {1, 0}, now_));
  EXPECT_FALSE(shard_.passes(packet_of(query), {2, 0}, now_)) << "came in by another device";
  EXPECT_EQ(shard_.cached_flows(), 1U);
  EXPECT_EQ(send(query), passed_by_kernel);
  take_over();
  EXPECT_EQ(counted("allow udp 53 203.0.113.0/24"), 102U);
  fast_path_.begin_change();
  EXPECT_FALSE(shard_.passes(packet_of(query), {1, 0}, now_)) << "nor under an older policy";
}

TEST_F(FastPathCoherence, AnAnswerThatAnAclRefusesLeavesTheRecordInPlace) {
  Policy policy = small_vpc(narrow_web);
  for (NetworkAcl& acl : policy.network_acls)
    for (NetworkAclEntry& entry : acl.egress) entry.action = Action::deny;
  use(policy);
  EXPECT_EQ(send(syn), accepted);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(send(ack), passed_by_kernel);
    EXPECT_EQ(send(syn_ack), refused);
  }
  EXPECT_EQ(shard_.cached_flows(), 1U);
}

TEST_F(FastPathCoherence, RefusalsAnswerWhateverTheSourcePortAndForTheirSourceOnly) {
  use(small_vpc(narrow_web));
  EXPECT_EQ(send("tcp S 198.51.100.7:1000 > 10.0.1.10:22"), refused);
  EXPECT_EQ(send("tcp S 198.51.100.7:1001 > 10.0.1.10:22"), refused_by_kernel);
  EXPECT_EQ(send("tcp S 203.0.113.12:1001 > 10.0.1.10:22"), accepted) << "a rule asks for the source";
  EXPECT_EQ(send("tcp S 198.51.100.8:1001 > 10.0.1.10:22"), refused);
}

TEST_F(FastPathCoherence, RefusalsAnswerForEverySourceThatNoRuleAsksFor) {
  use(small_vpc(narrow_web));
  EXPECT_EQ(send("tcp S 198.51.100.7:1000 > 10.0.1.10:80"), refused);
  EXPECT_EQ(send("tcp S 192.0.2.1:1000 > 10.0.1.10:80"), refused_by_kernel);
  EXPECT_NE(send("tcp S 10.0.2.10:1000 > 10.0.1.10:80").by, By::kernel) << "the VPC's own are judged";
  EXPECT_EQ(send("tcp S 169.254.169.254:1000 > 10.0.1.10:80"), accepted) << "exempt";
  take_over();
  EXPECT_EQ(shard_.counters().reason(Reason::no_group_rule).packets, 3U);
}

TEST_F(FastPathCoherence, RefusalsSayNothingAboutATupleThatHasAFlow) {
  use(small_vpc(narrow_web));
  send(syn);
  use(small_vpc("  - {name: web, ingress: [], egress: []}"));
  EXPECT_EQ(send("tcp S 203.0.113.12:40001 > 10.0.1.10:22"), refused);
  EXPECT_EQ(send("tcp S 203.0.113.12:40002 > 10.0.1.10:22"), refused_by_kernel);
  EXPECT_EQ(send(syn), accepted) << "it lives on (C-20), and its SYN comes again";
}

// The memory outlives the process that wrote it.
TEST_F(FastPathCoherence, ARecordTellsTheNextProcessOfItsFlow) {
  use(small_vpc(narrow_web));
  for (const char* packet : {syn, syn_ack, ack, ack}) send(packet);
  now_ += seconds(3);
  ASSERT_EQ(send(ack), passed_by_kernel);
  take_over();
  const std::vector<Flow> found = recovered_flows(kernel_.memory().flows, *policy_, now_ + seconds(1));
  ASSERT_EQ(found.size(), 1U);
  const Flow* known = shard_.flows().find(found[0].key, now_);
  ASSERT_NE(known, nullptr) << "its key is the flow's";
  EXPECT_EQ(found[0].state, known->state);
  EXPECT_EQ(found[0].originator, known->originator);
  EXPECT_EQ(found[0].opened_at, known->opened_at);
  EXPECT_EQ(found[0].last_packet, now_);
  EXPECT_EQ(found[0].expires, known->expires);
  EXPECT_EQ(found[0].opened_by, Flow::nobody);
  EXPECT_EQ(found[0].packets[0], 3U) << "what the kernel counted, so without the SYN";
  EXPECT_EQ(found[0].packets[1], 1U);
}

TEST_F(FastPathCoherence, ARecordOfWhatHasEndedTellsNothing) {
  use(small_vpc(narrow_web));
  for (const char* packet : {syn, syn_ack, ack}) send(packet);
  const auto records = kernel_.memory().flows;
  EXPECT_EQ(recovered_flows(records, *policy_, now_ + seconds(431'999)).size(), 1U);
  EXPECT_EQ(flows_that_ended(records, *policy_, now_ + seconds(431'999)).size(), 0U);
  EXPECT_EQ(flows_that_ended(records, *policy_, now_ + seconds(432'000)).size(), 1U);
  EXPECT_EQ(recovered_flows(records, *policy_, now_ + seconds(432'000)).size(), 0U)
      << "it has idled too long";
  CompileContext other;
  const auto without_web = compile(test::policy_of("version: 1\nvpc: {cidr: 10.0.0.0/16}\n"), other, 1);
  EXPECT_EQ(recovered_flows(records, *without_web, now_).size(), 0U) << "nobody has its interface";
  send(reset);
  const std::vector<Flow> closed = recovered_flows(records, *policy_, now_);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0].state, FlowState::closed) << "as the kernel saw it";
  ASSERT_EQ(flows_that_ended(records, *policy_, now_).size(), 1U) << "and so an older account is wrong";
  EXPECT_EQ(flows_that_ended(records, *policy_, now_)[0].last_packet, now_);
}

}  // namespace
}  // namespace vpcwall

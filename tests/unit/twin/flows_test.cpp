// What the twin remembers: TCP's states, timers, UDP streams, queries, the full table, changes of policy.
#include "twin/flows.h"

#include <gtest/gtest.h>

#include <string>

#include "support/policies.h"
#include "twin/twin.h"
#include "unit/twin/answer_text.h"

namespace vpcwall::twin {
namespace {

using namespace std::chrono_literals;
using test::packet_of;
using test::small_vpc;

// The client at `web` may do anything outbound, so an answer from 192.0.2.1 is let in by its flow or by
// nothing.
const char* const client_only = R"(
  - {name: web, ingress: [], egress: [{protocol: all, destination: 0.0.0.0/0}]})";

class TwinFlows : public testing::Test {
 protected:
  // What the groups at `web` say of a packet out to the server, or in from it.
  std::string sent(const std::string& flags) {
    return ask("tcp " + flags + " 10.0.1.10:40000 > 192.0.2.1:22");
  }
  std::string received(const std::string& flags) {
    return ask("tcp " + flags + " 192.0.2.1:22 > 10.0.1.10:40000");
  }
  std::string ask(const std::string& packet) {
    for (const GateAnswer& gate : twin.packet(packet_of(packet), {}, now).gates)
      if (gate.gate.starts_with("sg-")) return gate.outcome;
    return "no group was asked";
  }
  void establish() {
    ASSERT_EQ(sent("S"), "new");
    ASSERT_EQ(received("SA"), "tracked");
    ASSERT_EQ(sent("A"), "tracked");
  }
  // The flow is alive for all of `idle` but its last nanosecond. Ends it.
  void expect_ends_after(Duration idle) {
    Twin copy = twin;
    now += idle - 1ns;
    EXPECT_EQ(received("PA"), "tracked") << "just before " << idle.count();
    twin = copy;
    now += 1ns;
    EXPECT_EQ(received("PA"), "deny") << "at " << idle.count();
  }

  Twin twin{small_vpc(client_only)};
  Duration now{};
};

TEST_F(TwinFlows, HalfOpenConnectionsEndSoon) {  // C-36
  sent("S");
  expect_ends_after(120s);
  sent("S");
  received("SA");
  expect_ends_after(60s);
}

TEST_F(TwinFlows, TheOriginatorsFirstOtherPacketEstablishes) {  // C-46
  sent("S");
  received("A");  // nothing of the other side does
  expect_ends_after(120s);
  sent("S");
  sent("SA");  // has a SYN
  expect_ends_after(120s);
  sent("S");
  sent("A");  // the SYN-ACK took another way
  expect_ends_after(432000s);
}

TEST_F(TwinFlows, OrderlyCloseStepByStep) {  // C-37, C-45
  establish();
  sent("FA");
  expect_ends_after(120s);

  establish();
  sent("FA");
  received("A");
  expect_ends_after(60s);

  establish();
  sent("FA");
  received("A");
  received("FA");
  expect_ends_after(30s);

  establish();
  sent("FA");
  received("A");
  received("FA");
  sent("A");
  expect_ends_after(120s);
}

TEST_F(TwinFlows, AFinBeforeTheConnectionIsEstablished) {  // C-37, C-46
  sent("S");
  received("SA");
  received("FA");
  expect_ends_after(120s);
  sent("S");
  received("FA");  // of a connection that it did not answer
  received("FA");
  expect_ends_after(120s);
}

TEST_F(TwinFlows, ResetEndsInTenSecondsFromAnyState) {  // C-37, C-45
  sent("S");
  received("RA");
  expect_ends_after(10s);
  establish();
  sent("R");
  expect_ends_after(10s);
  establish();
  sent("FA");
  received("FA");
  sent("A");
  received("R");
  expect_ends_after(10s);
}

TEST_F(TwinFlows, EveryAcceptedPacketStartsTheTimerAgain) {  // C-42
  sent("S");
  now += 100s;
  EXPECT_EQ(sent("S"), "tracked");
  now += 100s;
  EXPECT_EQ(received("SA"), "tracked");
}

TEST_F(TwinFlows, ASynOnALiveFlowBelongsToIt) {  // C-29
  establish();
  EXPECT_EQ(sent("S"), "tracked");
  EXPECT_EQ(received("S"), "tracked");
  expect_ends_after(432000s);
  establish();
  sent("FA");
  EXPECT_EQ(sent("S"), "tracked");  // not past FIN yet
}

TEST_F(TwinFlows, ASynOnAFlowThatIsOverBeginsAnother) {  // C-29
  establish();
  sent("R");
  EXPECT_EQ(sent("S"), "new");
  received("SA");
  sent("FA");
  received("FA");
  sent("A");
  EXPECT_EQ(received("S"), "deny");  // judged by rules, and the flow is gone
  EXPECT_EQ(received("A"), "deny");
}

TEST_F(TwinFlows, AChangedTimeoutCountsFromTheNextPacket) {  // C-42
  establish();
  Policy policy = small_vpc(client_only);
  policy.interfaces.front().tracking.tcp_established = 60;
  twin.reload(policy, now);
  now += 1000s;
  EXPECT_EQ(received("PA"), "tracked");
  expect_ends_after(60s);
}

TEST_F(TwinFlows, OnlyAPlainSynOpensAConnection) {  // C-43
  for (const char* flags : {"SF", "SR", "SA", "SFP"}) EXPECT_EQ(sent(flags), "no-state") << flags;
  EXPECT_EQ(sent("SP"), "new");
}

TEST_F(TwinFlows, WhatIsForwardedCrossesTheInterfaceInTwoFlows) {  // C-1, D-5
  Policy policy = small_vpc(R"(
  - {name: web, ingress: [{protocol: tcp, ports: 80, source: 10.0.2.0/24}], egress: []})");
  policy.interfaces.at(0).source_dest_check = false;
  twin = Twin(policy);
  const std::vector<Side> in{{Direction::ingress, "web"}}, out{{Direction::egress, "web"}};
  const Packet request = packet_of("tcp S 10.0.2.10:40000 > 192.0.2.1:80");
  const Packet answer = packet_of("tcp SA 192.0.2.1:80 > 10.0.2.10:40000");
  EXPECT_EQ(twin.packet(request, in, now).gates.back().outcome, "new");
  EXPECT_EQ(twin.packet(request, out, now).gates.back().outcome, "deny") << "what goes on is no answer";
  EXPECT_EQ(twin.packet(answer, in, now).gates.back().outcome, "deny");
  EXPECT_EQ(twin.packet(answer, out, now).gates.front().outcome, "tracked");
}

TEST_F(TwinFlows, LooseAdoptsPlainAcksOnly) {  // C-43
  Policy policy = small_vpc(client_only);
  EXPECT_EQ(sent("A"), "no-state");
  policy.behavior.tcp_midstream = Behavior::TcpMidstream::loose;
  twin.reload(policy, now);
  for (const char* flags : {"FA", "SA", "R", "RA", "P"}) EXPECT_EQ(sent(flags), "no-state") << flags;
  EXPECT_EQ(sent("PA"), "new");
  expect_ends_after(432000s);
}

TEST_F(TwinFlows, UdpBecomesAStreamWithTheSecondReply) {  // C-32, C-33, C-70 to C-72
  const std::string request = "udp 10.0.1.10:40000 > 192.0.2.1:53",
                    reply = "udp 192.0.2.1:53 > 10.0.1.10:40000";
  EXPECT_EQ(ask(request), "new");
  ask(reply);
  ask(reply);
  ask(request);
  ask(request);
  now += 30s;
  EXPECT_EQ(ask(reply), "deny");  // three turns are one transaction and a half
  ask(request);
  ask(reply);
  ask(request);
  ask(reply);
  now += 179s;
  EXPECT_EQ(ask(request), "tracked");  // and stays one
  now += 179s;
  EXPECT_EQ(ask(reply), "tracked");
  now += 180s;
  EXPECT_EQ(ask(reply), "deny");
}

TEST_F(TwinFlows, AQuestionOfTheOtherSideIsNoAnswer) {  // C-48
  EXPECT_EQ(ask("icmp 8/0 7 10.0.1.10 > 192.0.2.1"), "new");
  EXPECT_EQ(ask("icmp 8/0 7 192.0.2.1 > 10.0.1.10"), "deny");
  EXPECT_EQ(ask("icmp 14/0 7 192.0.2.1 > 10.0.1.10"), "deny");  // answers another question
  EXPECT_EQ(ask("icmp 0/0 8 192.0.2.1 > 10.0.1.10"), "deny");
  EXPECT_EQ(ask("icmp 0/0 7 192.0.2.1 > 10.0.1.10"), "tracked");
  EXPECT_EQ(ask("icmp 8/0 7 10.0.1.10 > 192.0.2.1"), "tracked");
  EXPECT_EQ(ask("icmp 13/0 7 10.0.1.10 > 192.0.2.1"), "new");
  EXPECT_EQ(ask("icmp 0/0 9 10.0.1.10 > 192.0.2.1"), "no-state");
  EXPECT_EQ(ask("icmp 3/1 0 10.0.1.10 > 192.0.2.1"), "no-state");
}

TEST_F(TwinFlows, AFullTableRefusesWhatNeedsAFlow) {  // C-60
  Policy policy = small_vpc(client_only);
  policy.behavior.flows_per_interface = 2;
  twin.reload(policy, now);
  EXPECT_EQ(sent("S"), "new");
  EXPECT_EQ(ask("47 10.0.1.10 > 192.0.2.1"), "new");
  EXPECT_EQ(ask("udp 10.0.1.10:40000 > 192.0.2.1:53"), "table-full");
  EXPECT_EQ(ask("tcp A 10.0.1.10:40001 > 192.0.2.1:22"), "no-state");  // needs none
  EXPECT_EQ(sent("S"), "tracked");
  EXPECT_EQ(ask("udp 10.0.1.11:40000 > 192.0.2.1:53"), "new");  // another interface, another table
  now += 120s;
  EXPECT_EQ(ask("udp 10.0.1.10:40000 > 192.0.2.1:53"), "new");  // the first one is gone
}

TEST_F(TwinFlows, AnAclThatDropsLeavesTheFlowAsItWas) {  // C-66
  Policy policy = small_vpc(client_only);
  NetworkAcl deny{"acl-0123", "deny", {}, {}, {}};
  policy.network_acls.push_back(deny);
  const std::string open_acl = policy.subnets.front().network_acl;
  sent("S");
  now += 100s;
  policy.subnets.front().network_acl = deny.id;
  twin.reload(policy, now);
  const Answer answer = twin.packet(packet_of("tcp A 10.0.1.10:40000 > 192.0.2.1:22"), {}, now);
  EXPECT_EQ(text_of(answer), "drop: sg-egress(web) tracked, acl-egress(public) deny *");
  policy.subnets.front().network_acl = open_acl;
  twin.reload(policy, now);
  now += 20s;
  EXPECT_EQ(received("SA"), "deny");
}

TEST_F(TwinFlows, AFlowThatNeedsNoStateIsSweptAtTheChange) {  // C-25
  establish();
  ask("47 10.0.1.10 > 192.0.2.1");
  const char* const open_both_ways = R"(
  - name: web
    ingress: [{protocol: all, source: 0.0.0.0/0}]
    egress: [{protocol: all, destination: 0.0.0.0/0}])";
  twin.reload(small_vpc(open_both_ways), now);
  twin.reload(small_vpc(client_only), now);
  EXPECT_EQ(received("PA"), "deny");
  EXPECT_EQ(ask("47 192.0.2.1 > 10.0.1.10"), "tracked");  // C-9: only TCP and UDP go without state
}

TEST_F(TwinFlows, AnAutoTrackedFlowIsKeptAtTheChange) {  // C-18, C-25
  establish();
  Policy open = small_vpc(R"(
  - name: web
    ingress: [{protocol: all, source: 0.0.0.0/0}]
    egress: [{protocol: all, destination: 0.0.0.0/0}])");
  open.auto_tracked = {parse_prefix("192.0.2.0/24").value()};
  twin.reload(open, now);
  EXPECT_EQ(ask("tcp S 192.0.2.1:40001 > 10.0.1.10:80"), "new");
  EXPECT_EQ(ask("tcp SA 10.0.1.10:80 > 192.0.2.1:40001"), "tracked");
  EXPECT_EQ(ask("tcp S 198.51.100.1:40001 > 10.0.1.10:80"), "untracked");
  twin.reload(small_vpc(client_only), now);
  EXPECT_EQ(received("PA"), "tracked");
}

TEST_F(TwinFlows, FlowsBelongToTheInterface) {  // C-67
  establish();
  Policy without = small_vpc(client_only);
  const Interface web = without.interfaces.front();
  without.interfaces.erase(without.interfaces.begin());
  Policy renamed = small_vpc(client_only);
  renamed.interfaces.front().name = "renamed";
  twin.reload(renamed, now);
  EXPECT_EQ(received("PA"), "tracked");  // the id is who it is
  twin.reload(without, now);
  twin.reload(small_vpc(client_only), now);
  EXPECT_EQ(received("PA"), "deny");
}

}  // namespace
}  // namespace vpcwall::twin

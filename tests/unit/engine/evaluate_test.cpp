#include "engine/evaluate.h"

#include <gtest/gtest.h>

#include <string>

#include "policy/compile.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using test::packet_of;
using test::small_vpc;

constexpr const char* open_web = R"(
  - {name: web, ingress: [{protocol: tcp, ports: 443, source: 203.0.113.0/24}], egress: []}
)";

// What the conformance cases cannot express: devices, cut and lost headers, quotes, traces, purity.
class Evaluate : public ::testing::Test {
 protected:
  explicit Evaluate(const Policy& policy = small_vpc(open_web)) { use(policy); }

  void use(const Policy& policy, const std::vector<DeviceBinding>& devices = {}) {
    policy_ = compile(policy, context_, 1, devices);
  }
  Decision judge(const Packet& packet, Devices devices = {}, Trace* trace = nullptr) {
    return evaluate(*policy_, {flows_, allowance_}, {packet, find_journey(*policy_, packet, devices), now_},
                    trace);
  }
  // "acl-ingress:allow sg-ingress:new"
  static std::string gates(const Decision& decision) {
    std::string text;
    for (std::size_t i = 0; i < decision.gate_size; ++i)
      text += (i == 0 ? "" : " ") + std::string(to_string(decision.gates.at(i).gate)) + ':' +
              std::string(to_string(decision.gates.at(i).outcome));
    return text;
  }

  CompileContext context_;
  std::shared_ptr<const CompiledPolicy> policy_;
  FlowTable flows_{64, {1, 2, 3, 4}};
  FlowAllowance allowance_;
  TimePoint now_{std::chrono::hours(1)};
};

TEST_F(Evaluate, WritesNothing) {
  const Packet packet = packet_of("tcp S 203.0.113.12:40000 > 10.0.1.10:443");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(gates(judge(packet)), "acl-ingress:allow sg-ingress:new");
  EXPECT_EQ(flows_.size(), 0U);
  EXPECT_EQ(allowance_.used(policy_->interfaces[0].number), 0U);
}

TEST_F(Evaluate, AnswersTheSameWithATrace) {
  Trace trace;
  const Packet packet = packet_of("tcp S 198.51.100.77:40000 > 10.0.1.10:443");
  const Decision traced = judge(packet, {}, &trace);
  EXPECT_EQ(gates(traced), gates(judge(packet)));
  ASSERT_EQ(trace.steps.size(), 2U);
  EXPECT_EQ(trace.steps[1].gate.outcome, Outcome::deny);
  EXPECT_EQ(trace.steps[1].considered, 1U);
}

TEST_F(Evaluate, LetsPassWhatNoGuardedInterfaceTakesPartIn) {
  const Decision decision = judge(packet_of("tcp S 203.0.113.12:40000 > 172.16.0.9:443"));
  EXPECT_EQ(decision.verdict, Verdict::accept);
  EXPECT_EQ(decision.reason, Reason::not_guarded);
  EXPECT_EQ(decision.gate_size, 0);
}

TEST_F(Evaluate, NeverExposesPortsToACutHeader) {
  Packet packet = packet_of("tcp S 203.0.113.12:40000 > 10.0.1.10:443");
  packet.transport = Transport::cut;
  EXPECT_EQ(gates(judge(packet)), "acl-ingress:allow sg-ingress:deny");
  use(small_vpc("  - {name: web, ingress: [{protocol: all, source: 203.0.113.0/24}]}"));
  EXPECT_EQ(gates(judge(packet)), "acl-ingress:allow sg-ingress:no-state");
}

TEST_F(Evaluate, MatchesALostChainOnlyByRulesForEverything) {
  use(
      small_vpc("  - {name: web, ingress: [{protocol: 59, source: \"::/0\"}, {protocol: 6, ports: all, "
                "source: \"::/0\"}]}"));
  Packet packet;
  packet.source = test::ip("2001:db8:ffff::1");
  packet.destination = test::ip("2001:db8:1:101::10");
  packet.transport = Transport::lost;
  EXPECT_EQ(gates(judge(packet)), "acl-ingress:allow sg-ingress:deny");
  use(small_vpc("  - {name: web, ingress: [{protocol: all, source: \"::/0\"}]}"));
  EXPECT_EQ(gates(judge(packet)), "acl-ingress:allow sg-ingress:no-state");
}

// O-20
TEST_F(Evaluate, AsksTheSubnetOfAnAddressThatNoInterfaceHas) {
  Policy policy = small_vpc(open_web);
  const Traffic https{Protocol::tcp, {443, 443}, {}, {}};
  for (NetworkAcl& acl : policy.network_acls) {
    acl.ingress = {{100, Action::allow, https, parse_prefix("0.0.0.0/0").value(), {}}};
    acl.egress.clear();
  }
  const Packet request = packet_of("tcp S 203.0.113.12:40000 > 10.0.1.99:443");
  const Packet answer = packet_of("tcp SA 10.0.1.99:443 > 203.0.113.12:40000");
  const Packet within = packet_of("tcp S 10.0.1.98:40000 > 10.0.1.99:22");
  const Packet between = packet_of("tcp S 10.0.2.99:40000 > 10.0.1.99:443");
  use(policy);
  EXPECT_EQ(gates(judge(request)), "acl-ingress:allow");
  EXPECT_EQ(judge(request).effect_size, 0);
  EXPECT_EQ(gates(judge(answer)), "acl-egress:deny");
  EXPECT_EQ(judge(within).reason, Reason::passed) << "it does not cross the edge";
  EXPECT_EQ(judge(within).gate_size, 0);
  EXPECT_EQ(gates(judge(between)), "acl-egress:deny");

  policy.unlisted_addresses = UnlistedAddresses::drop;
  use(policy);
  EXPECT_EQ(judge(request).reason, Reason::acl_default);
  EXPECT_EQ(judge(within).verdict, Verdict::accept);
  policy.unlisted_addresses = UnlistedAddresses::pass;
  use(policy);
  EXPECT_EQ(judge(request).reason, Reason::not_guarded);
  EXPECT_EQ(judge(answer).reason, Reason::not_guarded);
}

// E-13, E-18: they lie in a subnet, but are no one's.
TEST_F(Evaluate, NeverAsksASubnetAboutAwsOwnAddresses) {
  Policy policy = small_vpc(open_web);
  policy.unlisted_addresses = UnlistedAddresses::drop;
  use(policy);
  EXPECT_EQ(judge(packet_of("icmp 0/0 1 10.0.1.1 > 203.0.113.12")).reason, Reason::not_guarded);
  EXPECT_EQ(gates(judge(packet_of("udp 10.0.1.99:5000 > 169.254.169.253:53"))), "exempt:exempt");
}

// S-68, S-69: an entry that denies applies to what it might match, one that allows does not.
TEST_F(Evaluate, DeniesWhatAnEntryMightDeny) {
  Packet packet;
  packet.source = test::ip("2001:db8:ffff::1");
  packet.destination = test::ip("2001:db8:1:101::10");
  const auto answer_to_denied = [&](const Traffic& traffic) {
    Policy policy = small_vpc("  - {name: web, ingress: [{protocol: all, source: \"::/0\"}]}");
    for (NetworkAcl& acl : policy.network_acls)
      acl.ingress.push_back({50, Action::deny, traffic, parse_prefix("::/0").value(), {}});
    use(policy);
    return gates(judge(packet));
  };
  const Traffic ssh{Protocol::tcp, {22, 22}, {}, {}}, dns{Protocol::udp, {53, 53}, {}, {}};
  const Traffic gre{Protocol::gre, {}, {}, {}};
  const Traffic ping{Protocol::icmp, {}, 8, {}}, ping6{Protocol::icmpv6, {}, 128, {}};
  const char* const denied = "acl-ingress:deny";
  const char* const passed = "acl-ingress:allow sg-ingress:no-state";
  packet.transport = Transport::lost;
  for (const Traffic& traffic : {ssh, gre, ping6}) EXPECT_EQ(answer_to_denied(traffic), denied);
  EXPECT_EQ(answer_to_denied(ping), passed) << "no IPv6 packet has such a type";
  packet.transport = Transport::cut;
  packet.protocol = Protocol::tcp;
  EXPECT_EQ(answer_to_denied(ssh), denied);
  EXPECT_EQ(answer_to_denied(dns), passed);
  EXPECT_EQ(answer_to_denied(gre), passed);
}

TEST_F(Evaluate, RefusesTheUnreadableWhereAFlowWouldHaveNoRoom) {
  Policy policy = small_vpc("  - {name: web, ingress: [{protocol: all, source: 203.0.113.0/24}]}");
  policy.behavior.flows_per_interface = 0;
  use(policy);
  Packet packet = packet_of("tcp S 203.0.113.12:40000 > 10.0.1.10:443");
  EXPECT_EQ(judge(packet).reason, Reason::flow_table_full);
  packet.transport = Transport::cut;
  EXPECT_EQ(judge(packet).reason, Reason::flow_table_full);
}

TEST_F(Evaluate, BelievesTheDeviceAndNotTheAddress) {
  use(small_vpc(open_web), {{7, "web"}, {8, "app"}});
  const Packet forged = packet_of("tcp S 10.0.1.11:40000 > 198.51.100.77:80");
  EXPECT_EQ(gates(judge(forged, {7, 0})), "source-dest-check:deny") << "web speaks with app's address";
  EXPECT_EQ(gates(judge(forged, {99, 0})), "source-dest-check:deny") << "app's address, from another device";
  EXPECT_EQ(judge(forged, {99, 0}).gates[0].interface, policy_->interface_named("app"));
  EXPECT_EQ(gates(judge(forged, {8, 0})), "sg-egress:new acl-egress:allow");
  EXPECT_EQ(gates(judge(packet_of("tcp S 10.0.1.11:40000 > 10.0.1.11:80"), {7, 0})), "source-dest-check:deny")
      << "app does not talk to itself through web's device";
  const Packet misrouted = packet_of("tcp S 203.0.113.12:40000 > 10.0.1.11:443");
  EXPECT_EQ(gates(judge(misrouted, {0, 7})), "acl-ingress:allow source-dest-check:deny");
}

TEST_F(Evaluate, ExemptsServicesByTheFarEndOnly) {
  EXPECT_EQ(gates(judge(packet_of("udp 10.0.1.10:5000 > 169.254.169.253:53"))), "exempt:exempt");
  use(small_vpc(open_web), {{7, "web"}});
  const Packet claims = packet_of("tcp S 169.254.169.254:80 > 10.0.2.10:22");
  EXPECT_EQ(gates(judge(claims, {7, 0})), "source-dest-check:deny")
      << "claiming a service's address exempts nobody";
}

TEST_F(Evaluate, NeverFiltersAHostThatTalksToItself) {
  EXPECT_EQ(judge(packet_of("tcp S 10.0.1.10:1 > 10.0.1.10:2")).reason, Reason::loopback);
  EXPECT_EQ(judge(packet_of("tcp S 127.0.0.1:1 > 10.0.1.10:22")).verdict, Verdict::drop)
      << "one loopback address is not a host talking to itself";
}

TEST_F(Evaluate, MeetsSixGatesAtMostAndInOrder) {
  use(
      small_vpc("  - {name: web, ingress: []}\n  - {name: db, ingress: [{protocol: tcp, ports: 5432, source: "
                "{group: web}}]}"));
  EXPECT_EQ(gates(judge(packet_of("tcp S 10.0.1.10:40000 > 10.0.2.10:5432"))),
            "sg-egress:new acl-egress:allow acl-ingress:allow sg-ingress:new");
  EXPECT_EQ(gates(judge(packet_of("tcp S 10.0.1.10:40000 > 10.0.1.11:22"))), "sg-egress:new sg-ingress:deny")
      << "inside a subnet no ACL is asked";
}

TEST_F(Evaluate, KeepsTheEffectOfTheSideThatAccepted) {
  use(small_vpc("  - {name: web, ingress: []}"));
  const Decision decision = judge(packet_of("tcp S 10.0.1.10:40000 > 10.0.2.10:5432"));
  EXPECT_EQ(decision.verdict, Verdict::drop);
  ASSERT_EQ(decision.effect_size, 1);
  EXPECT_EQ(decision.effects[0].kind, FlowEffect::Kind::open);
  EXPECT_EQ(decision.effects[0].originator, Originator::local);
}

TEST_F(Evaluate, DoesNotTakeAQueryOfTheOtherSideForAnAnswer) {
  use(small_vpc("  - {name: web, egress: [{protocol: icmp, type: 8, destination: 203.0.113.0/24}]}"));
  const Packet ping = packet_of("icmp 8/0 7 10.0.1.10 > 203.0.113.12");
  const Decision decision = judge(ping);
  ASSERT_EQ(decision.effect_size, 1);
  flows_.open(decision.effects[0].key, {Originator::local, decision.effects[0].opened_by, {}, {}, 60}, now_);
  EXPECT_EQ(gates(judge(packet_of("icmp 0/0 7 203.0.113.12 > 10.0.1.10"))),
            "acl-ingress:allow sg-ingress:tracked");
  EXPECT_EQ(gates(judge(packet_of("icmp 8/0 7 203.0.113.12 > 10.0.1.10"))),
            "acl-ingress:allow sg-ingress:deny");
  EXPECT_EQ(gates(judge(packet_of("icmp 14/0 7 203.0.113.12 > 10.0.1.10"))),
            "acl-ingress:allow sg-ingress:deny");
}

TEST_F(Evaluate, TakesErrorsOfAFlowElsewhereOnlyInLinuxMode) {
  Packet error = packet_of("icmp 3/3 0 198.51.100.1 > 10.0.1.10");
  error.quoted = QuotedPacket{
      test::ip("10.0.1.10"), test::ip("203.0.113.12"), Protocol::udp, Transport::whole, 5000, 53};
  const auto asked = [&] {
    return gates(
        evaluate(*policy_, {flows_, allowance_}, {error, find_journey(*policy_, error, {}), now_, true}));
  };
  EXPECT_EQ(asked(), "acl-ingress:allow sg-ingress:deny");
  use(small_vpc(open_web, "behavior: {icmp_related: linux}\n"));
  EXPECT_EQ(asked(), "acl-ingress:allow sg-ingress:pmtud");
}

TEST(DecisionNames, ExistForEachValue) {
  for (std::size_t i = 0; i < gate_count; ++i) EXPECT_NE(to_string(static_cast<Gate>(i)), "?");
  for (std::size_t i = 0; i < outcome_count; ++i) EXPECT_NE(to_string(static_cast<Outcome>(i)), "?");
  for (std::size_t i = 0; i < reason_count; ++i) EXPECT_NE(to_string(static_cast<Reason>(i)), "?");
  for (std::size_t i = 0; i < parse_error_count; ++i) EXPECT_NE(to_string(static_cast<ParseError>(i)), "?");
}

}  // namespace
}  // namespace vpcwall

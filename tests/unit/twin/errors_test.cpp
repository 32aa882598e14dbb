// ICMP errors and packets that cannot be read to their end, as the twin judges them.
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

const char* const client_only = R"(
  - {name: web, ingress: [], egress: [{protocol: all, destination: 0.0.0.0/0}]})";
const char* const open_web_server = R"(
  - name: web
    ingress: [{protocol: tcp, ports: 443, source: 0.0.0.0/0}]
    egress: [{protocol: all, destination: 0.0.0.0/0}])";
const char* const closed = R"(
  - {name: web, ingress: [], egress: []})";

std::string group_outcome(const Answer& answer) {
  for (const GateAnswer& gate : answer.gates)
    if (gate.gate.starts_with("sg-")) return gate.outcome;
  return text_of(answer);
}

Packet quoting(const std::string& error, const std::string& sent) {
  Packet packet = packet_of(error);
  const Packet inner = packet_of(sent);
  packet.quoted =
      QuotedPacket{inner.source,      inner.destination,      inner.protocol,  inner.transport,
                   inner.source_port, inner.destination_port, inner.icmp_type, inner.icmp_identifier};
  return packet;
}

Packet with_transport(const std::string& text, Transport transport) {
  Packet packet = packet_of(text);
  packet.transport = transport;
  return packet;
}

TEST(TwinErrors, PathMtuOfAnUntrackedFlowOnlyInbound) {  // C-50
  Twin twin(small_vpc(open_web_server));
  const std::string sent = "tcp A 10.0.1.10:443 > 192.0.2.1:40000";
  EXPECT_EQ(group_outcome(twin.packet(quoting("icmp 3/4 0 198.51.100.1 > 10.0.1.10", sent), {}, 0s)),
            "pmtud");
  EXPECT_EQ(group_outcome(twin.packet(quoting("icmp 3/3 0 198.51.100.1 > 10.0.1.10", sent), {}, 0s)), "deny");
  EXPECT_EQ(group_outcome(twin.packet(packet_of("icmp 3/4 0 198.51.100.1 > 10.0.1.10"), {}, 0s)), "deny");
  const std::string other = "tcp A 10.0.1.10:22 > 192.0.2.1:40000";
  EXPECT_EQ(group_outcome(twin.packet(quoting("icmp 3/4 0 198.51.100.1 > 10.0.1.10", other), {}, 0s)),
            "deny");
  const std::string came = "tcp A 192.0.2.1:40000 > 10.0.1.10:443";
  EXPECT_EQ(group_outcome(twin.packet(quoting("icmp 3/4 0 10.0.1.10 > 192.0.2.1", came), {}, 0s)),
            "no-state");
}

TEST(TwinErrors, PathMtuIsNotLetOutByTheException) {  // C-50, C-53
  Twin twin(small_vpc(R"(
  - name: web
    ingress: [{protocol: tcp, ports: 443, source: 0.0.0.0/0}]
    egress: [{protocol: tcp, ports: 0-65535, destination: 0.0.0.0/0}])"));
  const std::string came = "tcp A 192.0.2.1:40000 > 10.0.1.10:443";
  EXPECT_EQ(group_outcome(twin.packet(packet_of(came), {}, 0s)), "untracked");
  const std::string left = "tcp A 10.0.1.10:443 > 192.0.2.1:40000";
  EXPECT_EQ(group_outcome(twin.packet(quoting("icmp 3/4 0 192.0.2.1 > 10.0.1.10", left), {}, 0s)), "pmtud");
  EXPECT_EQ(group_outcome(twin.packet(quoting("icmp 3/4 0 10.0.1.10 > 192.0.2.1", left), {}, 0s)), "deny");
  EXPECT_EQ(group_outcome(twin.packet(quoting("icmp 3/4 0 10.0.1.10 > 192.0.2.1", came), {}, 0s)), "deny");
}

TEST(TwinErrors, PathMtuOfAnAutoTrackedPeer) {  // C-18, C-50
  Policy policy = small_vpc(client_only);
  const Packet error =
      quoting("icmp 3/4 0 198.51.100.1 > 10.0.1.10", "tcp A 10.0.1.10:40000 > 192.0.2.1:443");
  Twin twin(policy);
  EXPECT_EQ(group_outcome(twin.packet(error, {}, 0s)), "deny");
  policy.auto_tracked = {parse_prefix("192.0.2.1/32").value()};
  twin.reload(policy, 0s);
  EXPECT_EQ(group_outcome(twin.packet(error, {}, 0s)), "pmtud");
}

TEST(TwinErrors, LinuxAcceptsEveryErrorOfATrackedFlow) {  // C-51
  Policy policy = small_vpc(client_only);
  Twin twin(policy);
  twin.packet(packet_of("udp 10.0.1.10:40000 > 192.0.2.1:53"), {}, 0s);
  const std::string sent = "udp 10.0.1.10:40000 > 192.0.2.1:53";
  const auto in = [&](const char* error, const std::string& quoted) {
    return group_outcome(twin.packet(quoting(error, quoted), {}, 0s));
  };
  EXPECT_EQ(in("icmp 3/3 0 192.0.2.1 > 10.0.1.10", sent), "deny");
  EXPECT_EQ(in("icmp 3/4 0 192.0.2.1 > 10.0.1.10", sent), "deny");
  policy.behavior.icmp_related = Behavior::IcmpRelated::linux_;
  twin.reload(policy, 0s);
  EXPECT_EQ(in("icmp 3/3 0 192.0.2.1 > 10.0.1.10", sent), "pmtud");
  EXPECT_EQ(in("icmp 3/4 0 192.0.2.1 > 10.0.1.10", sent), "pmtud");
  EXPECT_EQ(in("icmp 11/0 0 198.51.100.1 > 10.0.1.10", sent), "pmtud");
  EXPECT_EQ(in("icmp 3/3 0 192.0.2.1 > 10.0.1.10", "udp 10.0.1.10:40000 > 192.0.2.1:54"), "deny");
  EXPECT_EQ(in("icmp 8/0 1 192.0.2.1 > 10.0.1.10", sent), "deny");
  EXPECT_EQ(in("icmp 5/1 0 10.0.1.1 > 10.0.1.10", sent), "accept: exempt exempt") << "from the router";
  EXPECT_EQ(in("icmp 5/1 0 198.51.100.1 > 10.0.1.10", sent), "pmtud");
  EXPECT_EQ(in("icmp 3/3 0 192.0.2.1 > 10.0.1.10", "udp 192.0.2.1:53 > 10.0.1.10:40000"), "deny")
      << "an error goes to who sent what it quotes";
}

TEST(TwinErrors, LinuxDoesNotKeepTheFlowAliveByErrors) {  // C-42: the error is no packet of the flow
  Policy policy = small_vpc(client_only);
  policy.behavior.icmp_related = Behavior::IcmpRelated::linux_;
  Twin twin(policy);
  const std::string sent = "udp 10.0.1.10:40000 > 192.0.2.1:53";
  twin.packet(packet_of(sent), {}, 0s);
  const Packet error = quoting("icmp 3/3 0 192.0.2.1 > 10.0.1.10", sent);
  EXPECT_EQ(group_outcome(twin.packet(error, {}, 29s)), "pmtud");
  EXPECT_EQ(group_outcome(twin.packet(error, {}, 30s)), "deny");
}

TEST(TwinErrors, LinuxAlsoOutbound) {  // C-51
  Policy policy = small_vpc(R"(
  - {name: web, ingress: [{protocol: udp, ports: 53, source: 0.0.0.0/0}], egress: []})");
  policy.behavior.icmp_related = Behavior::IcmpRelated::linux_;
  Twin twin(policy);
  const std::string came = "udp 192.0.2.1:40000 > 10.0.1.10:53";
  EXPECT_EQ(group_outcome(twin.packet(packet_of(came), {}, 0s)), "new");
  EXPECT_EQ(group_outcome(twin.packet(quoting("icmp 3/3 0 10.0.1.10 > 192.0.2.1", came), {}, 0s)), "pmtud");
}

TEST(TwinCut, MatchesOnlyWhatNamesNoPortAndNoType) {  // S-69
  const auto outcome = [](const char* rule, const char* packet) {
    const std::string groups = "  - {name: web, ingress: [" + std::string(rule) + "], egress: []}";
    Twin twin(small_vpc(groups));
    return group_outcome(twin.packet(with_transport(packet, Transport::cut), {}, 0s));
  };
  const char* const tcp = "tcp S 192.0.2.1:40000 > 10.0.1.10:443";
  EXPECT_EQ(outcome("{protocol: tcp, ports: 443, source: 0.0.0.0/0}", tcp), "deny");
  EXPECT_EQ(outcome("{protocol: tcp, ports: 0-65535, source: 0.0.0.0/0}", tcp), "no-state");
  EXPECT_EQ(outcome("{protocol: all, source: 192.0.2.0/24}", tcp), "no-state");
  const char* const ping = "icmp 8/0 1 192.0.2.1 > 10.0.1.10";
  EXPECT_EQ(outcome("{protocol: icmp, type: 8, source: 0.0.0.0/0}", ping), "deny");
  EXPECT_EQ(outcome("{protocol: icmp, type: all, source: 0.0.0.0/0}", ping), "no-state");
}

TEST(TwinCut, IsNoServiceThatPortsOrTypesTellApart) {  // S-69, E-19, E-21
  Twin twin(small_vpc(closed));
  for (const char* text : {"udp 192.0.2.1:67 > 10.0.1.10:68", "icmpv6 135/0 0 fe80::2 > fe80::1"}) {
    Packet packet = packet_of(text);
    packet.hop_limit = 255;
    const std::vector<Side> into_web{{Direction::ingress, "web"}};
    EXPECT_EQ(text_of(twin.packet(packet, into_web, 0s)), "accept: exempt exempt") << text;
    packet.transport = Transport::cut;
    EXPECT_EQ(group_outcome(twin.packet(packet, into_web, 0s)), "deny") << text;
  }
}

TEST(TwinCut, IsOfNoFlow) {  // C-3, C-8, S-69
  EXPECT_EQ(group_outcome(
                Twin(small_vpc(open_web_server))
                    .packet(with_transport("tcp S 10.0.1.10:443 > 192.0.2.1:40000", Transport::cut), {}, 0s)),
            "no-state")
      << "nor of one that needs no state";
  Twin twin(small_vpc(client_only));
  EXPECT_EQ(group_outcome(twin.packet(packet_of("tcp S 10.0.1.10:40000 > 192.0.2.1:443"), {}, 0s)), "new");
  EXPECT_EQ(group_outcome(twin.packet(
                with_transport("tcp SA 192.0.2.1:443 > 10.0.1.10:40000", Transport::cut), {}, 0s)),
            "deny");
}

// What a policy's ACLs say of a packet that comes in, with an entry 50 that denies this.
std::string acl_outcome(const Traffic& traffic, const char* cidr, const Packet& packet) {
  Policy policy = small_vpc(closed);
  const NetworkAclEntry deny{50, Action::deny, traffic, parse_prefix(cidr).value(), {}};
  for (NetworkAcl& acl : policy.network_acls) acl.ingress.push_back(deny);
  return Twin(policy).packet(packet, {}, 0s).gates.front().rule;
}

TEST(TwinAcl, AnEntryThatDeniesAppliesToACutPacketThatItMightMatch) {  // S-69
  const Traffic https{Protocol::tcp, {443, 443}, {}, {}}, all_tcp{Protocol::tcp, {}, {}, {}};
  const char* const tcp = "tcp S 192.0.2.1:40000 > 10.0.1.10:443";
  EXPECT_EQ(acl_outcome(https, "0.0.0.0/0", packet_of(tcp)), "50");
  EXPECT_EQ(acl_outcome(https, "0.0.0.0/0", with_transport(tcp, Transport::cut)), "50");
  EXPECT_EQ(acl_outcome(all_tcp, "0.0.0.0/0", with_transport(tcp, Transport::cut)), "50");
  const Traffic ping{Protocol::icmp, {}, 8, {}}, all_icmp{Protocol::icmp, {}, {}, {}};
  const char* const icmp = "icmp 8/0 1 192.0.2.1 > 10.0.1.10";
  EXPECT_EQ(acl_outcome(ping, "0.0.0.0/0", packet_of(icmp)), "50");
  EXPECT_EQ(acl_outcome(ping, "0.0.0.0/0", with_transport(icmp, Transport::cut)), "50");
  EXPECT_EQ(acl_outcome(all_icmp, "0.0.0.0/0", with_transport(icmp, Transport::cut)), "50");
  EXPECT_EQ(acl_outcome(https, "0.0.0.0/0", with_transport(icmp, Transport::cut)), "100");
}

TEST(TwinAcl, AnEntryThatDeniesAppliesToALostPacket) {  // S-68, N-18
  const Traffic number{Protocol::no_next_header, {}, {}, {}}, all{};
  const char* const packet = "59 2001:db8::1 > 2001:db8:1:101::10";
  EXPECT_EQ(acl_outcome(number, "::/0", packet_of(packet)), "50");
  EXPECT_EQ(acl_outcome(number, "::/0", with_transport(packet, Transport::lost)), "50");
  const Traffic ping{Protocol::icmp, {}, 8, {}};
  EXPECT_EQ(acl_outcome(ping, "::/0", with_transport(packet, Transport::lost)), "101");
  EXPECT_EQ(acl_outcome(all, "::/0", with_transport(packet, Transport::lost)), "50");
}

TEST(TwinAcl, TypeAndCodeOfIcmpv6CountInIpv6Only) {  // N-19
  const Traffic echo{Protocol::icmpv6, {}, 128, 0};
  EXPECT_EQ(acl_outcome(echo, "0.0.0.0/0", packet_of("icmpv6 1/1 0 192.0.2.1 > 10.0.1.10")), "50");
  EXPECT_EQ(acl_outcome(echo, "::/0", packet_of("icmpv6 1/1 0 2001:db8::1 > 2001:db8:1:101::10")), "101");
  EXPECT_EQ(acl_outcome(echo, "::/0", packet_of("icmpv6 128/0 0 2001:db8::1 > 2001:db8:1:101::10")), "50");
}

TEST(TwinLost, OnlyAllProtocolRulesMatchAndNothingIsRemembered) {  // S-68, C-5
  const std::string in = "59 2001:db8::1 > 2001:db8:1:101::10", out = "59 2001:db8:1:101::10 > 2001:db8::1";
  const char* const named = R"(
  - {name: web, ingress: [{protocol: 59, source: "::/0"}], egress: []})";
  EXPECT_EQ(group_outcome(Twin(small_vpc(named)).packet(packet_of(in), {}, 0s)), "new");
  EXPECT_EQ(group_outcome(Twin(small_vpc(named)).packet(with_transport(in, Transport::lost), {}, 0s)),
            "deny");

  Twin twin(small_vpc(R"(
  - name: web
    ingress: [{protocol: all, source: "::/0"}]
    egress: []
)"));
  EXPECT_EQ(group_outcome(twin.packet(with_transport(in, Transport::lost), {}, 0s)), "no-state");
  EXPECT_EQ(group_outcome(twin.packet(with_transport(out, Transport::lost), {}, 0s)), "deny");
}

TEST(TwinFamilies, IcmpOfTheOtherFamilyMatchesNoGroupRule) {  // S-66, N-19
  Twin twin(small_vpc(R"(
  - name: web
    ingress: [{protocol: icmpv6, source: 0.0.0.0/0}, {protocol: icmp, type: all, source: "::/0"}]
    egress: [])"));
  EXPECT_EQ(text_of(twin.packet(packet_of("icmpv6 128/0 1 192.0.2.1 > 10.0.1.10"), {}, 0s)),
            "drop: acl-ingress(public) allow 100, sg-ingress(web) deny");
  EXPECT_EQ(text_of(twin.packet(packet_of("icmp 8/0 1 2001:db8::1 > 2001:db8:1:101::10"), {}, 0s)),
            "drop: acl-ingress(public) allow 101, sg-ingress(web) deny");
}

}  // namespace
}  // namespace vpcwall::twin

// Facts that a conformance case cannot tell: devices, delegated prefixes, multicast, settings that change.
#include <gtest/gtest.h>

#include "support/judge.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using std::chrono::seconds;
using test::Judge;
using test::packet_of;
using test::small_vpc;

constexpr std::uint32_t of_web = 7, of_app = 8, of_uplink = 91, of_services = 92;  // kernel devices
const std::vector<DeviceBinding> web_only{{of_web, "web"}};
const std::vector<DeviceBinding> places{
    {of_web, "web"}, {of_uplink, {}, Origin::uplink}, {of_services, {}, Origin::services}};
const std::vector<DeviceBinding> web_and_app{{of_web, "web"}, {of_app, "app"}};

Packet bare(Protocol protocol, const char* source, const char* destination) {
  Packet packet;
  packet.source = test::ip(source);
  packet.destination = test::ip(destination);
  packet.protocol = protocol;
  packet.length = 60;
  return packet;
}

Packet with_hop_limit(const char* text, std::uint8_t limit) {
  Packet packet = packet_of(text);
  packet.hop_limit = limit;
  return packet;
}

TEST(Semantics, IcmpRuleOfTheOtherFamilyMatchesNothing) {  // S-66
  Judge judge(
      small_vpc("  - {name: web, ingress: [{protocol: icmp, type: all, source: \"::/0\"}, "
                "{protocol: icmpv6, source: 0.0.0.0/0}]}"));
  EXPECT_EQ(judge("icmp 8/0 1 203.0.113.12 > 10.0.1.10"), "NI+100 SI-");
  EXPECT_EQ(judge("icmpv6 128/0 1 2001:db8:ffff::12 > 2001:db8:1:101::10"), "NI+101 SI-");
  EXPECT_EQ(judge(bare(Protocol::icmp, "2001:db8:ffff::12", "2001:db8:1:101::10")), "NI+101 SI-");
  EXPECT_EQ(judge(bare(Protocol::icmpv6, "203.0.113.12", "10.0.1.10")), "NI+100 SI-");
}

TEST(Semantics, EntryOfProtocol58MatchesIpv4PacketsByItsNumber) {  // N-19
  Judge judge(
      small_vpc("  - {name: web, ingress: [{protocol: all, source: 0.0.0.0/0}]}",
                "network_acls: [{name: default, ingress: [{rule: 90, action: deny, protocol: icmpv6, type: "
                "128, cidr: 0.0.0.0/0}, {rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}]}]\n"));
  EXPECT_EQ(judge(bare(Protocol::icmpv6, "203.0.113.12", "10.0.1.10")), "NI-90");
  EXPECT_EQ(judge("icmp 8/0 1 203.0.113.12 > 10.0.1.10"), "NI+100 SI+new");
}

TEST(Semantics, EntryOfProtocol1MatchesIpv6PacketsByItsNumber) {  // N-15, N-18
  const auto with_type = [](const std::string& type) {
    return Judge(
        small_vpc("  - {name: web, ingress: [{protocol: all, source: \"::/0\"}]}",
                  "network_acls: [{name: default, ingress: [{rule: 90, action: deny, protocol: icmp, "
                  "type: " +
                      type +
                      ", cidr: \"::/0\"}, {rule: 100, action: allow, protocol: all, cidr: "
                      "\"::/0\"}]}]\n"));
  };
  const Packet of_number_1 = bare(Protocol::icmp, "2001:db8:ffff::12", "2001:db8:1:101::10");
  Judge every = with_type("all");
  EXPECT_EQ(every(of_number_1), "NI-90");
  EXPECT_EQ(every("icmpv6 128/0 1 2001:db8:ffff::12 > 2001:db8:1:101::10"), "NI+100 SI+new");
  Judge echo = with_type("8");
  EXPECT_EQ(echo(of_number_1), "NI+100 SI+new") << "its type is not read";
}

TEST(Semantics, APeerThatLostItsIdentityIsInNoGroup) {  // S-50, S-51, S-42
  Judge judge(test::policy_of(R"(
version: 1
vpc: {cidr: 10.0.0.0/16}
security_groups:
  - {name: web, ingress: [{protocol: tcp, ports: 22, source: {group: app}}], egress: []}
  - {name: app}
subnets: [{name: public, cidr: 10.0.1.0/24}]
interfaces:
  - {name: web, subnet: public, addresses: [10.0.1.10], security_groups: [web]}
  - {name: app, subnet: public, addresses: [10.0.1.11, 10.0.1.32/28], security_groups: [app]}
behavior: {sg_identity_lost: [10.0.1.36/30]}
)"));
  const auto from = [&](const std::string& source) {
    return judge("tcp S " + source + ":40000 > 10.0.1.10:22");
  };
  for (const char* known : {"10.0.1.11", "10.0.1.32", "10.0.1.35", "10.0.1.40", "10.0.1.47"})
    EXPECT_EQ(from(known), "SO+new SI+new") << known;
  for (const char* lost : {"10.0.1.36", "10.0.1.39"}) EXPECT_EQ(from(lost), "SO+new SI-") << lost;
  EXPECT_EQ(from("10.0.1.48"), "SI-") << "was never a member";
}

TEST(Semantics, ALostIdentityMakesNoOtherRule) {  // S-51: what is counted stays what it was
  const std::string head =
      "  - {name: web, ingress: [{protocol: tcp, ports: 22, source: {group: app}}]}\n  - {name: app}";
  CompileContext context;
  (void)compile(small_vpc(head), context, 1);
  const std::size_t slots = context.slots.size();
  (void)compile(small_vpc(head, "behavior: {sg_identity_lost: [10.0.1.0/24]}\n"), context, 2);
  EXPECT_EQ(context.slots.size(), slots);
}

TEST(Semantics, ACutHeaderIsMatchedByRulesThatNameNoPort) {  // S-69
  const auto cut = [](const char* text) {
    Packet packet = packet_of(text);
    packet.transport = Transport::cut;
    return packet;
  };
  const char* tcp = "tcp S 203.0.113.12:40000 > 10.0.1.10:443";
  Judge judge(small_vpc("  - {name: web, ingress: [{protocol: tcp, ports: all, source: 203.0.113.0/24}]}"));
  EXPECT_EQ(judge(cut(tcp)), "NI+100 SI+r");
  EXPECT_EQ(judge(cut("udp 203.0.113.12:40000 > 10.0.1.10:443")), "NI+100 SI-");
  judge.use(small_vpc("  - {name: web, ingress: [{protocol: tcp, ports: 0-65534, source: 203.0.113.0/24}]}"));
  EXPECT_EQ(judge(cut(tcp)), "NI+100 SI-");
  judge.use(
      small_vpc("  - {name: web, ingress: [{protocol: all, source: 0.0.0.0/0}]}",
                "network_acls: [{name: default, ingress: [{rule: 90, action: deny, protocol: tcp, ports: "
                "all, cidr: 0.0.0.0/0}, {rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}]}]\n"));
  EXPECT_EQ(judge(cut(tcp)), "NI-90") << "a header that is cut gets past no entry that denies all of TCP";
}

TEST(Semantics, APrefixListIsOpenOnlyByAnEntryThatIs) {  // C-13
  Judge judge(
      small_vpc("  - {name: web, ingress: [{protocol: tcp, ports: 80, source: {prefix_list: everyone}}, "
                "{protocol: tcp, ports: 81, source: {prefix_list: halves}}]}",
                "prefix_lists:\n  - {name: everyone, entries: [{cidr: 0.0.0.0/0}]}\n"
                "  - {name: halves, entries: [{cidr: 0.0.0.0/1}, {cidr: 128.0.0.0/1}]}\n"));
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:80"), "NI+100 SI+u");
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:81"), "NI+100 SI+new");
}

TEST(Semantics, AFlowOfAnotherProtocolIsRenewedByBothSides) {  // C-5 to C-7
  Judge judge(small_vpc("  - {name: web, ingress: [{protocol: 47, source: 203.0.113.12/32}], egress: []}"));
  EXPECT_EQ(judge("47 203.0.113.12 > 10.0.1.10"), "NI+100 SI+new");
  for (int round = 0; round < 3; ++round) {
    judge.wait(seconds(599));
    EXPECT_EQ(judge("47 10.0.1.10 > 203.0.113.12"), "SO+st NO+100");
    judge.wait(seconds(599));
    EXPECT_EQ(judge("47 203.0.113.12 > 10.0.1.10"), "NI+100 SI+st");
  }
  EXPECT_EQ(judge("50 10.0.1.10 > 203.0.113.12"), "SO-") << "another protocol is another flow";
  judge.wait(seconds(600));
  EXPECT_EQ(judge("47 10.0.1.10 > 203.0.113.12"), "SO-");
}

TEST(Semantics, Protocol1OverIpv6IsAnotherProtocolAndNotIcmp) {  // C-5, C-34, S-66
  Judge judge(small_vpc("  - {name: web, ingress: [{protocol: all, source: \"::/0\"}], egress: []}"));
  EXPECT_EQ(judge(bare(Protocol::icmp, "2001:db8:ffff::12", "2001:db8:1:101::10")), "NI+101 SI+new");
  judge.wait(seconds(599));
  EXPECT_EQ(judge(bare(Protocol::icmp, "2001:db8:1:101::10", "2001:db8:ffff::12")), "SO+st NO+101");
}

TEST(Semantics, ASynOnALiveFlowBelongsToIt) {  // C-29
  const auto with_rules = [](const char* rules) {
    return small_vpc(std::string("  - {name: web, egress: [], ingress: [") + rules + "]}");
  };
  Judge judge(with_rules("{protocol: tcp, ports: 22, source: 203.0.113.0/24}"));
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22"), "NI+100 SI+new");
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22"), "NI+100 SI+st") << "sent again";
  EXPECT_EQ(judge("tcp SA 10.0.1.10:22 > 203.0.113.12:40000"), "SO+st NO+100");
  EXPECT_EQ(judge("tcp A 203.0.113.12:40000 > 10.0.1.10:22"), "NI+100 SI+st");
  judge.use(with_rules(""));
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22"), "NI+100 SI+st") << "the flow is alive";
  EXPECT_EQ(judge("tcp R 10.0.1.10:22 > 203.0.113.12:40000"), "SO+st NO+100");
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22"), "NI+100 SI-") << "it has ended";
}

TEST(Semantics, AChangedTimeoutWaitsForTheNextPacket) {  // C-42
  Policy policy =
      small_vpc("  - {name: web, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}], egress: []}");
  Judge judge(policy);
  judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22");
  judge("tcp A 203.0.113.12:40000 > 10.0.1.10:22");
  policy.interfaces[0].tracking.tcp_established = 60;
  judge.use(policy);
  judge.wait(seconds(1000));
  EXPECT_EQ(judge("tcp A 203.0.113.12:40000 > 10.0.1.10:22"), "NI+100 SI+st") << "the old timer ran on";
  judge.wait(seconds(59));
  EXPECT_EQ(judge("tcp A 10.0.1.10:22 > 203.0.113.12:40000"), "SO+st NO+100");
  judge.wait(seconds(60));
  EXPECT_EQ(judge("tcp A 10.0.1.10:22 > 203.0.113.12:40000"), "SO-");
}

TEST(Semantics, APacketThatAnAclDropsKeepsNothingAlive) {  // C-66
  Judge judge(
      small_vpc("  - {name: web, ingress: [{protocol: udp, ports: 53, source: 203.0.113.0/24}], egress: []}",
                "network_acls: [{name: default, egress: []}]\n"));
  EXPECT_EQ(judge("udp 203.0.113.12:40000 > 10.0.1.10:53"), "NI+100 SI+new");
  judge.wait(seconds(20));
  EXPECT_EQ(judge("udp 10.0.1.10:53 > 203.0.113.12:40000"), "SO+st NO-*");
  judge.wait(seconds(10));
  EXPECT_EQ(judge("udp 10.0.1.10:53 > 203.0.113.12:40000"), "SO-") << "30 seconds after the request";
}

TEST(Semantics, TheOtherInterfaceKnowsNothingOfTheFlow) {  // S-2, C-47, C-67
  Policy policy = small_vpc(
      "  - {name: web, ingress: [{protocol: tcp, ports: 443, source: 203.0.113.0/24}], egress: []}\n"
      "  - {name: app, ingress: [], egress: [{protocol: tcp, ports: all, destination: "
      "203.0.113.0/24}]}");
  for (Interface& interface : policy.interfaces) interface.source_dest_check = false;
  Judge judge(policy, web_and_app);  // both forward for 198.51.100.77
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 198.51.100.77:443", {0, of_web}), "NI+100 SI+new");
  EXPECT_EQ(judge("tcp SA 198.51.100.77:443 > 203.0.113.12:40000", {of_app, 0}), "SO+r NO+100")
      << "app's rules let it pass, and it opens no flow";
  EXPECT_EQ(judge("tcp A 203.0.113.12:40000 > 198.51.100.77:443", {0, of_app}), "NI+100 SI-");
  EXPECT_EQ(judge("tcp SA 198.51.100.77:443 > 203.0.113.12:40000", {of_web, 0}), "SO+st NO+100");
}

TEST(Semantics, TracepathNeedsARuleForItsProbes) {  // C-55
  Judge judge(small_vpc("  - {name: web, ingress: [{protocol: tcp, ports: all, source: 0.0.0.0/0}]}"));
  EXPECT_EQ(judge("udp 203.0.113.12:40000 > 10.0.1.10:44444"), "NI+100 SI-");
  judge.use(small_vpc("  - {name: web, ingress: [{protocol: udp, ports: 44444, source: 203.0.113.0/24}]}"));
  EXPECT_EQ(judge("udp 203.0.113.12:40000 > 10.0.1.10:44444"), "NI+100 SI+new");
}

TEST(Semantics, MulticastIsJudgedLikeUnicast) {  // E-25, N-30, D-4
  Judge judge(small_vpc("  - {name: web, ingress: [{protocol: udp, ports: 5000, source: 10.0.1.11/32}], "
                        "egress: [{protocol: udp, ports: 5000, destination: 239.1.1.1/32}]}"),
              web_only);
  EXPECT_EQ(judge("udp 10.0.1.11:5000 > 239.1.1.1:5000", {0, of_web}), "SO+new NO+100 NI+100 SI+new")
      << "from a neighbour in the subnet, and yet by way of its network ACL";
  EXPECT_EQ(judge("udp 10.0.2.10:5000 > 239.1.1.1:5000", {0, of_web}), "SO+new NO+100 NI+100 SI-");
  EXPECT_EQ(judge("udp 10.0.1.10:5000 > 239.1.1.1:5000", {of_web, 0}), "SO+new NO+100");
  EXPECT_EQ(judge("udp 10.0.1.10:5000 > 239.1.1.2:5000", {of_web, 0}), "SO-");
  EXPECT_EQ(judge("udp 10.0.1.10:5000 > 255.255.255.255:5000", {of_web, 0}), "SO-");
}

TEST(Semantics, AGroupIsNeverTheSourceOfMulticast) {  // S-53
  const char* groups =
      "  - {name: web, ingress: [{protocol: udp, ports: 5000, source: {group: app}}]}\n"
      "  - {name: app, ingress: []}";
  Judge judge(small_vpc(groups), web_only);
  EXPECT_EQ(judge("udp 10.0.1.11:5000 > 10.0.1.10:5000", {0, of_web}), "SO+new SI+new");
  EXPECT_EQ(judge("udp 10.0.1.11:5000 > 239.1.1.1:5000", {0, of_web}), "SO+new NO+100 NI+100 SI-");
}

constexpr const char* shut = "  - {name: web, ingress: [], egress: []}";

TEST(Semantics, ExemptsForwardedPacketsToo) {  // E-24
  Judge judge(small_vpc(shut), web_only);
  EXPECT_EQ(judge("tcp S 192.0.2.99:1000 > 169.254.169.254:80", {of_web, 0}), "EX");
  EXPECT_EQ(judge("tcp SA 169.254.169.254:80 > 192.0.2.99:1000", {0, of_web}), "EX");
  EXPECT_EQ(judge("tcp SA 169.254.169.254:80 > 192.0.2.99:1000", {of_uplink, of_web}), "SD-");
  EXPECT_EQ(judge("tcp S 192.0.2.99:1000 > 169.254.169.252:80", {of_web, 0}), "SD-");
}

TEST(Semantics, ExemptsTheRouterByItsHardwareAddress) {  // E-13, E-17
  Policy policy = small_vpc(shut);
  Judge judge(policy);
  const char* to_router = "icmpv6 128/0 1 2001:db8:1:101::10 > fe80::412:34ff:feab:cdef";
  EXPECT_EQ(judge(to_router), "SO-");
  EXPECT_EQ(judge("icmpv6 128/0 1 2001:db8:1:101::10 > fe80:ec2::1"), "EX");
  EXPECT_EQ(judge("icmpv6 128/0 1 2001:db8:1:101::10 > 2001:db8:1:101::1"), "EX");
  EXPECT_EQ(judge("icmp 8/0 1 10.0.1.10 > 10.0.1.1"), "EX");
  policy.vpc.router_mac = {0x06, 0x12, 0x34, 0xab, 0xcd, 0xef};
  judge.use(policy);
  EXPECT_EQ(judge(to_router), "EX");
  EXPECT_EQ(judge("icmpv6 128/0 1 2001:db8:1:101::10 > fe80::412:34ff:feab:cdee"), "SO-");
}

TEST(Semantics, ExemptsListenerDiscoveryOfTheLinkOnly) {  // E-21
  Judge judge(small_vpc(shut), web_only);
  const Devices out{of_web, 0};
  for (const char* report : {"icmpv6 143/0 0 fe80::10 > ff02::16", "icmpv6 131/0 0 fe80::10 > ff02::fb"}) {
    EXPECT_EQ(judge(with_hop_limit(report, 1), out), "EX") << report;
    EXPECT_EQ(judge(with_hop_limit(report, 2), out), "SO-") << report;
  }
  EXPECT_EQ(judge(with_hop_limit("icmpv6 143/0 0 2001:db8:1:101::10 > ff02::16", 1), out), "SO-");
  EXPECT_EQ(judge(with_hop_limit("icmpv6 132/0 0 fe80::10 > ff02::2", 1), out), "EX");
  EXPECT_EQ(judge(with_hop_limit("icmpv6 142/0 0 fe80::10 > ff02::2", 1), out), "SO-");
}

TEST(Semantics, ExemptsDhcpOverIpv6) {  // E-15, E-19
  Judge judge(small_vpc(shut), places);
  EXPECT_EQ(judge("udp [fe80::10]:546 > [ff02::1:2]:547", {of_web, 0}), "EX");
  EXPECT_EQ(judge("udp [fe80::1]:547 > [fe80::10]:546", {of_services, of_web}), "EX");
  EXPECT_EQ(judge("udp [fe80::1]:547 > [fe80::10]:546", {of_uplink, of_web}), "NI+101 SI-");
  EXPECT_EQ(judge("udp [fe80::10]:547 > [fe80::1]:546", {of_web, 0}), "SO-")
      << "the interface is a client of the service, not the server";
  EXPECT_EQ(judge("udp [fe80::10]:68 > [ff02::1:2]:67", {of_web, 0}), "SO-") << "IPv4's ports";
}

TEST(Semantics, OwnsDelegatedPrefixesAndLinkLocalAddresses) {  // D-4, S-42
  Policy policy = small_vpc(
      "  - {name: web, ingress: []}\n  - {name: db, ingress: [{protocol: tcp, ports: 5432, source: {group: "
      "web}}]}");
  policy.interfaces[0].addresses.push_back(*parse_prefix("10.0.1.16/28"));
  Judge judge(policy, web_only);
  EXPECT_EQ(judge("tcp S 10.0.1.31:40000 > 10.0.2.10:5432", {of_web, 0}), "SO+new NO+100 NI+100 SI+new");
  EXPECT_EQ(judge("tcp S 10.0.1.32:40000 > 10.0.2.10:5432", {of_web, 0}), "SD-");
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.20:22", {0, of_web}), "NI+100 SI-");
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.40:22", {0, of_web}), "NI+100 SD-");
  EXPECT_EQ(judge("tcp S [fe80::10]:40000 > [2001:db8:ffff::12]:80", {of_web, 0}), "SO+new NO+101");
}

TEST(Semantics, JudgesAMiddleboxAtItsOwnGates) {  // O-4, O-15, D-5
  Policy policy = small_vpc(
      "  - {name: web, ingress: [{protocol: tcp, ports: 5432, source: 10.0.1.0/24}], egress: [{protocol: "
      "tcp, ports: 5432, destination: 10.0.2.0/24}]}\n"
      "  - {name: db, ingress: [{protocol: all, source: 10.0.0.0/16}]}");
  policy.interfaces[0].source_dest_check = false;
  Judge judge(policy, web_only);
  const char* query = "tcp S 10.0.1.99:40000 > 10.0.2.10:5432";  // of a neighbour that is no interface
  EXPECT_EQ(judge(query, {0, of_web}), "NO+100 NI+100 SI+new") << "to web, for db";
  EXPECT_EQ(judge(query, {of_web, 0}), "SO+new NO+100 NI+100 SI+new") << "from web to db, for the neighbour";
  EXPECT_EQ(judge("tcp SA 10.0.2.10:5432 > 10.0.1.99:40000", {0, of_web}), "SO+st NO+100 NI+100 SI+st");
  EXPECT_EQ(judge("tcp S 10.0.1.99:40000 > 10.0.2.10:22", {0, of_web}), "NO+100 NI+100 SI-");
  EXPECT_EQ(judge("tcp S 10.0.1.11:40000 > 10.0.2.10:5432", {of_web, 0}), "SD-") << "not in the name of app";
}

TEST(Semantics, JudgesTheSidesInTurn) {  // O-4, C-66
  Policy policy = small_vpc(
      "  - {name: web, ingress: [], egress: [{protocol: udp, ports: 5000, destination: 203.0.113.0/24}]}");
  policy.interfaces[0].source_dest_check = false;
  Judge judge(policy, web_only);
  EXPECT_EQ(judge("udp 203.0.113.12:5000 > 203.0.113.12:5000", {of_web, of_web}),
            "SO+new NO+100 NI+100 SI+st")
      << "the flow that the packet opens on its way out is there on its way in";
  EXPECT_EQ(judge("udp 203.0.113.12:5000 > 203.0.113.12:5000", {of_web, of_web}),
            "SO+st NO+100 NI+100 SI+st");
  EXPECT_EQ(judge("udp 203.0.113.12:5001 > 203.0.113.12:5000", {of_web, of_web}), "SO+new NO+100 NI+100 SI-")
      << "another tuple";
}

TEST(Semantics, KnowsNoPublicAddresses) {  // O-6
  Judge judge(small_vpc("  - {name: web, ingress: [{protocol: tcp, ports: 443, source: 203.0.113.0/24}]}"));
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 198.51.100.1:443"), "") << "before its translation";
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:443"), "NI+100 SI+new") << "after it";
}

TEST(Semantics, AnswersAwsPingExampleInAllThreeWays) {  // F-54 to F-56
  const std::string in =
      "network_acls: [{name: default, ingress: [{rule: 100, action: allow, protocol: icmp, "
      "type: all, cidr: 0.0.0.0/0}]";
  const std::string out =
      ", egress: [{rule: 100, action: allow, protocol: icmp, type: all, cidr: 0.0.0.0/0}]";
  const char* group =
      "  - {name: web, ingress: [{protocol: icmp, type: all, source: 0.0.0.0/0}], egress: []}";
  const char* request = "icmp 8/0 1 203.0.113.12 > 10.0.1.10";
  const char* reply = "icmp 0/0 1 10.0.1.10 > 203.0.113.12";
  Judge one_way(small_vpc(group, in + ", egress: []}]\n"));
  EXPECT_EQ(one_way(request), "NI+100 SI+new");
  EXPECT_EQ(one_way(reply), "SO+st NO-*");
  Judge both_ways(small_vpc(group, in + out + "}]\n"));
  EXPECT_EQ(both_ways(request), "NI+100 SI+new");
  EXPECT_EQ(both_ways(reply), "SO+st NO+100");
  Judge no_way(small_vpc(shut, in + out + "}]\n"));
  EXPECT_EQ(no_way(request), "NI+100 SI-");
}

}  // namespace
}  // namespace vpcwall

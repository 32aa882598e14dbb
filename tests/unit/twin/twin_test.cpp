// The twin's way of a packet: who takes part, borders, the source/destination check, exemptions.
#include "twin/twin.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "support/policies.h"
#include "unit/twin/answer_text.h"

namespace vpcwall::twin {
namespace {

using namespace std::chrono_literals;

using test::packet_of;
using test::policy_of;
using test::small_vpc;

const std::vector<Side> by_address;
const std::vector<Side> into_web{{Direction::ingress, "web"}};
const std::vector<Side> out_of_web{{Direction::egress, "web"}};

const char* const closed_groups = R"(
  - {name: web, ingress: [], egress: []}
  - {name: app, ingress: [], egress: []}
  - {name: db, ingress: [], egress: []})";

// Everybody may ping everybody, which is always tracked (C-4).
const char* const ping_groups = R"(
  - name: web
    ingress: [{protocol: icmp, type: all, source: 0.0.0.0/0}, {protocol: icmpv6, source: "::/0"}]
    egress: [{protocol: icmp, type: all, destination: 0.0.0.0/0}, {protocol: icmpv6, destination: "::/0"}]
  - name: app
    ingress: [{protocol: icmp, type: all, source: 0.0.0.0/0}]
    egress: [{protocol: icmp, type: all, destination: 0.0.0.0/0}]
  - name: db
    ingress: [{protocol: icmp, type: all, source: 0.0.0.0/0}]
    egress: [{protocol: icmp, type: all, destination: 0.0.0.0/0}])";

// One router with delegated prefixes of both families, one host of a VPC with a secondary range.
Policy delegated_vpc() {
  return policy_of(R"(
version: 1
vpc: {cidr: 10.0.0.0/16, ipv6_cidr: "2001:db8:1:100::/56", secondary_cidrs: [10.1.0.0/16]}
security_groups:
  - {name: pods, ingress: [{protocol: all, source: {group: pods}}], egress: [{protocol: all, destination: {group: pods}}]}
  - {name: open, ingress: [{protocol: tcp, ports: 22, source: {group: pods}}], egress: []}
subnets:
  - {name: first, cidr: 10.0.1.0/24, ipv6_cidr: "2001:db8:1:101::/64"}
  - {name: second, cidr: 10.1.1.0/24}
interfaces:
  - name: node
    subnet: first
    addresses: [10.0.1.10, 10.0.1.32/28, "2001:db8:1:101:aa::/80"]
    security_groups: [pods]
  - {name: far, subnet: second, addresses: [10.1.1.10], security_groups: [open]}
)");
}

TEST(TwinWay, NobodyTakesPartNothingIsAsked) {
  Twin twin(small_vpc(closed_groups));
  EXPECT_EQ(text_of(twin.packet(packet_of("tcp S 192.0.2.1:9 > 192.0.2.2:9"), by_address, 0s)), "accept:");
  EXPECT_EQ(text_of(twin.packet(packet_of("udp 192.0.2.1:9 > 169.254.169.254:80"), by_address, 0s)),
            "accept:");
}

TEST(TwinWay, LoopbackAndOwnAddressesAreNotEvaluated) {  // O-5
  Twin twin(delegated_vpc());
  for (const char* packet : {"tcp S 127.0.0.1:40000 > 127.9.9.9:80", "tcp S 10.0.1.10:40000 > 10.0.1.10:80",
                             "tcp S 10.0.1.10:40000 > 10.0.1.40:80", "tcp S [::1]:40000 > [::1]:80"})
    EXPECT_EQ(text_of(twin.packet(packet_of(packet), by_address, 0s)), "accept:") << packet;
}

TEST(TwinWay, WhatOnlyClaimsToBeLoopbackIsEvaluated) {  // O-5
  Twin twin(delegated_vpc());
  EXPECT_EQ(text_of(twin.packet(packet_of("tcp S 127.0.0.1:40000 > 10.0.1.10:80"), by_address, 0s)),
            "drop: acl-ingress(first) allow 100, sg-ingress(node) deny");
  EXPECT_EQ(text_of(twin.packet(packet_of("tcp S 10.0.1.10:40000 > 127.9.9.9:80"), by_address, 0s)),
            "drop: sg-egress(node) deny");
  const std::vector<Side> into_node{{Direction::ingress, "node"}};
  EXPECT_EQ(text_of(twin.packet(packet_of("tcp S 10.0.1.10:40000 > 10.0.1.10:80"), into_node, 0s)),
            "accept: sg-ingress(node) new")
      << "it came from elsewhere";
}

TEST(TwinWay, TheSideThatIsLeftComesFirst) {  // O-1
  Twin twin(small_vpc(closed_groups));
  const std::vector<Side> path{{Direction::ingress, "db"}, {Direction::egress, "web"}};
  EXPECT_EQ(text_of(twin.packet(packet_of("tcp S 10.0.1.10:40000 > 10.0.2.10:22"), path, 0s)),
            "drop: sg-egress(web) deny");
}

TEST(TwinWay, FourGatesBetweenSubnetsTwoInside) {  // O-1, O-3, N-10
  Twin twin(small_vpc(ping_groups));
  EXPECT_EQ(text_of(twin.packet(packet_of("icmp 8/0 1 10.0.1.10 > 10.0.2.10"), by_address, 0s)),
            "accept: sg-egress(web) new, acl-egress(public) allow 100, acl-ingress(private) allow 100, "
            "sg-ingress(db) new");
  EXPECT_EQ(text_of(twin.packet(packet_of("icmp 0/0 1 10.0.2.10 > 10.0.1.10"), by_address, 0s)),
            "accept: sg-egress(db) tracked, acl-egress(private) allow 100, acl-ingress(public) allow 100, "
            "sg-ingress(web) tracked");
  EXPECT_EQ(text_of(twin.packet(packet_of("icmp 8/0 1 10.0.1.10 > 10.0.1.11"), by_address, 0s)),
            "accept: sg-egress(web) new, sg-ingress(app) new");
}

TEST(TwinWay, TheFirstRefusalEndsIt) {  // O-2
  Twin twin(small_vpc(closed_groups));
  EXPECT_EQ(text_of(twin.packet(packet_of("tcp S 10.0.1.10:40000 > 10.0.2.10:22"), by_address, 0s)),
            "drop: sg-egress(web) deny");
}

TEST(TwinWay, ASideThatAcceptedRemembersWhateverTheOtherSideDecides) {  // C-66
  Twin twin(small_vpc(R"(
  - {name: web, ingress: [], egress: [{protocol: tcp, ports: 22, destination: 10.0.0.0/16}]}
  - {name: db, ingress: [], egress: []})"));
  EXPECT_EQ(text_of(twin.packet(packet_of("tcp S 10.0.1.10:40000 > 10.0.2.10:22"), by_address, 0s)),
            "drop: sg-egress(web) new, acl-egress(public) allow 100, acl-ingress(private) allow 100, "
            "sg-ingress(db) deny");
  EXPECT_EQ(text_of(twin.packet(packet_of("tcp SA 10.0.2.10:22 > 10.0.1.10:40000"), into_web, 0s)),
            "accept: acl-ingress(public) allow 100, sg-ingress(web) tracked");
}

TEST(TwinWay, TheAddressesSayWhetherTheBorderIsCrossed) {  // O-4
  Twin twin(small_vpc(ping_groups));
  EXPECT_EQ(text_of(twin.packet(packet_of("icmp 8/0 1 10.0.1.99 > 10.0.1.10"), by_address, 0s)),
            "accept: sg-ingress(web) new");
  EXPECT_EQ(text_of(twin.packet(packet_of("icmp 8/0 1 10.0.2.99 > 10.0.1.10"), by_address, 0s)),
            "accept: acl-egress(private) allow 100, acl-ingress(public) allow 100, sg-ingress(web) new");
  EXPECT_EQ(text_of(twin.packet(packet_of("icmp 8/0 1 192.0.2.1 > 10.0.2.99"), by_address, 0s)),
            "accept: acl-ingress(private) allow 100")
      << "O-20: a subnet guards addresses that no interface has";
}

TEST(TwinWay, AtAGatewayOnlyTheAclIsAsked) {  // N-29, O-10, NX-11
  Policy policy = small_vpc(closed_groups);
  Interface& gateway = policy.interfaces.at(1);  // app, beside web
  gateway.security_groups.clear();
  const auto ask = [&](Interface::Type type, const char* packet, const std::vector<Side>& path) {
    gateway.type = type;
    return text_of(Twin(policy).packet(packet_of(packet), path, 0s));
  };
  const auto nat = Interface::Type::nat_gateway, transit = Interface::Type::transit_gateway;
  const std::vector<Side> into{{Direction::ingress, "app"}}, out{{Direction::egress, "app"}};
  const std::vector<Side> to_db{{Direction::egress, "app"}, {Direction::ingress, "db"}};
  const std::vector<Side> to_web{{Direction::egress, "app"}, {Direction::ingress, "web"}};
  const char* const forwarded = "tcp SA 192.0.2.1:80 > 10.0.1.10:40000";
  EXPECT_EQ(ask(nat, "tcp S 10.0.2.10:40000 > 192.0.2.1:80", into), "accept: acl-ingress(public) allow 100");
  EXPECT_EQ(ask(nat, "tcp S 10.0.1.11:1024 > 192.0.2.1:80", out), "accept: acl-egress(public) allow 100");
  EXPECT_EQ(ask(nat, forwarded, to_web), "drop: sg-ingress(web) deny");
  EXPECT_EQ(ask(transit, forwarded, to_web), "drop: sg-ingress(web) deny");
  EXPECT_EQ(ask(transit, "tcp S 192.0.2.1:1 > 10.0.2.10:80", to_db),
            "drop: acl-egress(public) allow 100, acl-ingress(private) allow 100, sg-ingress(db) deny");
  const std::vector<Side> from_web{{Direction::egress, "web"}, {Direction::ingress, "app"}};
  for (SecurityGroup& group : policy.security_groups)
    if (group.name == "web") group.egress = {{"sgr-0b", {}, Prefix{{}, 0}, {}, {}}};
  EXPECT_EQ(ask(nat, "tcp S 10.0.1.10:40000 > 192.0.2.1:80", from_web), "accept: sg-egress(web) new");
  EXPECT_EQ(ask(transit, "tcp S 10.0.1.10:40000 > 192.0.2.1:80", from_web),
            "accept: sg-egress(web) new, acl-egress(public) allow 100, acl-ingress(public) allow 100");
}

TEST(TwinWay, InterfacesNeedNoNames) {
  Policy policy = small_vpc(ping_groups);
  for (Interface& interface : policy.interfaces) interface.name.clear();
  Twin twin(policy);
  EXPECT_EQ(text_of(twin.packet(packet_of("icmp 8/0 1 10.0.1.10 > 10.0.1.11"), by_address, 0s)),
            "accept: sg-egress new, sg-ingress new");
  const std::vector<Side> into_app{{Direction::ingress, policy.interfaces.at(1).id}};
  EXPECT_EQ(text_of(twin.packet(packet_of("icmp 8/0 1 10.0.1.10 > 10.0.1.11"), into_app, 0s)),
            "accept: sg-ingress tracked");
}

TEST(TwinWay, AnUnknownInterfaceIsAMistakeOfTheTest) {
  Twin twin(small_vpc(closed_groups));
  const std::vector<Side> nowhere{{Direction::ingress, "nobody"}};
  EXPECT_THROW(static_cast<void>(twin.packet(packet_of("47 192.0.2.1 > 10.0.1.10"), nowhere, 0s)),
               std::invalid_argument);
}

TEST(TwinSourceDestCheck,
     RefusesForeignAddresses) {  // D-2, D-6: after the ACL on the way in, first on the way out
  Twin twin(small_vpc(ping_groups));
  EXPECT_EQ(text_of(twin.packet(packet_of("icmp 8/0 1 10.0.2.10 > 192.0.2.1"), into_web, 0s)),
            "drop: acl-ingress(public) allow 100, source-dest-check(web) deny");
  EXPECT_EQ(text_of(twin.packet(packet_of("icmp 8/0 1 10.0.2.10 > 192.0.2.1"), out_of_web, 0s)),
            "drop: source-dest-check(web) deny");
}

TEST(TwinSourceDestCheck, KnowsDelegatedPrefixes) {  // D-4
  Twin twin(delegated_vpc());
  const std::vector<Side> out{{Direction::egress, "node"}};
  const auto answer = [&](const char* packet) { return text_of(twin.packet(packet_of(packet), out, 0s)); };
  EXPECT_EQ(answer("tcp S 10.0.1.47:40000 > 192.0.2.1:80"), "drop: sg-egress(node) deny");
  EXPECT_EQ(answer("tcp S 10.0.1.48:40000 > 192.0.2.1:80"), "drop: source-dest-check(node) deny");
  EXPECT_EQ(answer("tcp S [2001:db8:1:101:aa::9]:40000 > [2001:db8::1]:80"), "drop: sg-egress(node) deny");
  EXPECT_EQ(answer("tcp S [2001:db8:1:101:ab::9]:40000 > [2001:db8::1]:80"),
            "drop: source-dest-check(node) deny");
}

TEST(TwinSourceDestCheck, KnowsLinkLocalAndMulticast) {  // D-4
  Twin twin(small_vpc(closed_groups));
  const auto in = [&](const char* packet) { return text_of(twin.packet(packet_of(packet), into_web, 0s)); };
  EXPECT_EQ(in("udp 10.0.2.10:9 > 239.1.1.1:9"), "drop: acl-ingress(public) allow 100, sg-ingress(web) deny");
  EXPECT_EQ(in("udp 10.0.2.10:9 > 255.255.255.255:9"),
            "drop: acl-ingress(public) allow 100, source-dest-check(web) deny");
  EXPECT_EQ(in("udp [fe80::1]:9 > [fe80::2]:9"), "drop: acl-ingress(public) allow 101, sg-ingress(web) deny");
  EXPECT_EQ(text_of(twin.packet(packet_of("udp [fe80::1]:9 > [fe80::2]:9"), out_of_web, 0s)),
            "drop: sg-egress(web) deny");
  EXPECT_EQ(text_of(twin.packet(packet_of("udp 239.1.1.1:9 > 192.0.2.1:9"), out_of_web, 0s)),
            "drop: source-dest-check(web) deny");
}

TEST(TwinMembership, DelegatedPrefixesOfAMemberAreMembers) {  // S-42
  Twin twin(delegated_vpc());
  EXPECT_EQ(text_of(twin.packet(packet_of("tcp S 10.0.1.33:40000 > 10.1.1.10:22"),
                                {{Direction::ingress, "far"}}, 0s)),
            "accept: acl-ingress(second) allow 100, sg-ingress(far) new");
  EXPECT_EQ(text_of(twin.packet(packet_of("tcp S 10.0.1.31:40000 > 10.1.1.10:22"),
                                {{Direction::ingress, "far"}}, 0s)),
            "drop: acl-ingress(second) allow 100, sg-ingress(far) deny");
}

TEST(TwinMembership, IsNoSourceOfMulticast) {  // S-53
  Twin twin(policy_of(R"(
version: 1
vpc: {cidr: 10.0.0.0/16}
security_groups:
  - {name: pair, ingress: [{protocol: all, source: {group: pair}}], egress: []}
subnets: [{name: only, cidr: 10.0.1.0/24}]
interfaces:
  - {name: one, subnet: only, addresses: [10.0.1.10], security_groups: [pair]}
  - {name: two, subnet: only, addresses: [10.0.1.11], security_groups: [pair]}
)"));
  const std::vector<Side> into_two{{Direction::ingress, "two"}};
  EXPECT_TRUE(twin.packet(packet_of("udp 10.0.1.10:9 > 10.0.1.11:9"), into_two, 0s).accept);
  EXPECT_EQ(text_of(twin.packet(packet_of("udp 10.0.1.10:9 > 239.1.1.1:9"), into_two, 0s)),
            "drop: acl-ingress(only) allow 100, sg-ingress(two) deny");
}

TEST(TwinMembership, IsLostBehindAMiddlebox) {  // S-50, S-51
  Policy policy = delegated_vpc();
  policy.behavior.sg_identity_lost = {*parse_prefix("10.0.1.36/30"), *parse_prefix("10.1.0.0/16")};
  Twin twin(policy);
  const std::vector<Side> into_far{{Direction::ingress, "far"}};
  const auto arrives = [&](const std::string& source) {
    return twin.packet(packet_of("tcp S " + source + ":40000 > 10.1.1.10:22"), into_far, 0s).accept;
  };
  EXPECT_TRUE(arrives("10.0.1.35"));
  EXPECT_FALSE(arrives("10.0.1.36"));
  EXPECT_FALSE(arrives("10.0.1.39"));
  EXPECT_TRUE(arrives("10.0.1.40"));
}

TEST(TwinMembership, IsLostOnTheFarEndOnly) {  // S-51
  Twin twin(policy_of(R"(
version: 1
vpc: {cidr: 10.0.0.0/16}
security_groups:
  - {name: asked, ingress: [{protocol: tcp, ports: 22, source: {group: asking}}], egress: []}
  - {name: asking, egress: [{protocol: tcp, ports: 22, destination: {group: asked}}]}
subnets: [{name: only, cidr: 10.0.1.0/24}]
interfaces:
  - {name: one, subnet: only, addresses: [10.0.1.10], security_groups: [asked]}
  - {name: two, subnet: only, addresses: [10.0.1.11], security_groups: [asking]}
behavior: {sg_identity_lost: [10.0.1.10/32]}
)"));
  const Packet question = packet_of("tcp S 10.0.1.11:40000 > 10.0.1.10:22");
  EXPECT_EQ(text_of(twin.packet(question, {{Direction::egress, "two"}}, 0s)), "drop: sg-egress(two) deny");
  EXPECT_TRUE(twin.packet(question, {{Direction::ingress, "one"}}, 0s).accept);
}

TEST(TwinMembership, ASecondaryRangeIsPartOfTheVpcButHasNoResolver) {  // E-18
  Twin twin(delegated_vpc());
  const std::vector<Side> out{{Direction::egress, "far"}};
  const auto answer = [&](const char* packet) { return text_of(twin.packet(packet_of(packet), out, 0s)); };
  EXPECT_EQ(answer("udp 10.1.1.10:40000 > 10.0.0.2:53"), "accept: exempt exempt");
  EXPECT_EQ(answer("udp 10.1.1.10:40000 > 10.1.0.2:53"), "drop: sg-egress(far) deny");
  EXPECT_EQ(answer("udp 10.1.1.10:40000 > 10.1.1.2:53"), "drop: sg-egress(far) deny");
  EXPECT_EQ(answer("icmp 8/0 1 10.1.1.10 > 10.1.1.1"), "accept: exempt exempt");
}

TEST(TwinExemptions, ForwardedPacketsToo) {  // E-24
  Twin twin(small_vpc(closed_groups));
  EXPECT_EQ(text_of(twin.packet(packet_of("tcp S 10.0.2.10:40000 > 169.254.169.254:80"), out_of_web, 0s)),
            "accept: exempt exempt");
  EXPECT_EQ(text_of(twin.packet(packet_of("tcp SA 169.254.169.254:80 > 10.0.2.10:40000"), into_web, 0s)),
            "accept: exempt exempt");
}

TEST(TwinExemptions, CountTheFarEndOnly) {  // E-16
  Twin twin(small_vpc(closed_groups));
  EXPECT_EQ(text_of(twin.packet(packet_of("tcp S 169.254.169.254:80 > 10.0.2.10:22"), out_of_web, 0s)),
            "drop: source-dest-check(web) deny");
}

TEST(TwinExemptions, AtOneInterfaceAndNotAtTheOther) {  // E-19
  Twin twin(small_vpc(closed_groups));
  EXPECT_EQ(text_of(twin.packet(packet_of("udp 10.0.1.10:68 > 10.0.2.10:67"), by_address, 0s)),
            "drop: acl-ingress(private) allow 100, sg-ingress(db) deny");
}

TEST(TwinExemptions, DhcpIsForClientsAtTheInterface) {  // E-15, E-19
  Twin twin(small_vpc(closed_groups));
  const auto in = [&](const char* packet) { return twin.packet(packet_of(packet), into_web, 0s).accept; };
  const auto out = [&](const char* packet) { return twin.packet(packet_of(packet), out_of_web, 0s).accept; };
  EXPECT_TRUE(out("udp 0.0.0.0:68 > 255.255.255.255:67"));
  EXPECT_TRUE(in("udp 192.0.2.1:67 > 255.255.255.255:68"));
  EXPECT_FALSE(in("udp 192.0.2.1:68 > 10.0.1.10:67"));
  EXPECT_FALSE(out("udp 10.0.1.10:67 > 192.0.2.1:68"));
  EXPECT_TRUE(out("udp [fe80::9]:546 > [ff02::1:2]:547"));
  EXPECT_TRUE(in("udp [fe80::1]:547 > [fe80::9]:546"));
  EXPECT_FALSE(in("udp [fe80::1]:546 > [fe80::9]:547"));
  EXPECT_FALSE(out("udp [fe80::9]:68 > [ff02::1:2]:67"));
}

TEST(TwinExemptions, NeighbourDiscoveryAndMulticastListeners) {  // E-21
  Twin twin(small_vpc(closed_groups));
  const auto accepted = [&](const char* text, int hop_limit) {
    Packet packet = packet_of(text);
    packet.hop_limit = static_cast<std::uint8_t>(hop_limit);
    return twin.packet(packet, into_web, 0s).accept;
  };
  for (const char* type : {"133", "134", "135", "136", "137"}) {
    EXPECT_TRUE(accepted(("icmpv6 " + std::string(type) + "/0 0 fe80::2 > ff02::1").c_str(), 255)) << type;
    EXPECT_FALSE(accepted(("icmpv6 " + std::string(type) + "/0 0 fe80::2 > ff02::1").c_str(), 254)) << type;
  }
  EXPECT_FALSE(accepted("icmpv6 138/0 0 fe80::2 > ff02::1", 255));
  for (const char* type : {"130", "131", "132", "143"}) {
    EXPECT_TRUE(accepted(("icmpv6 " + std::string(type) + "/0 0 fe80::2 > ff02::16").c_str(), 1)) << type;
    EXPECT_FALSE(accepted(("icmpv6 " + std::string(type) + "/0 0 fe80::2 > ff02::16").c_str(), 255)) << type;
    EXPECT_FALSE(accepted(("icmpv6 " + std::string(type) + "/0 0 2001:db8::2 > ff02::16").c_str(), 1))
        << type;
  }
}

TEST(TwinExemptions, RouterAddressesOfItsMac) {  // E-13, E-17, E-22
  Policy policy = small_vpc(closed_groups);
  policy.vpc.router_mac = {0x02, 0x1a, 0x0b, 0x00, 0x4c, 0x5d};
  Twin twin(policy);
  const auto accepted = [&](const char* packet) {
    return twin.packet(packet_of(packet), into_web, 0s).accept;
  };
  EXPECT_TRUE(accepted("icmpv6 128/0 1 fe80::1a:bff:fe00:4c5d > 2001:db8:1:101::10"));
  EXPECT_TRUE(accepted("icmpv6 128/0 1 fe80:ec2::1 > 2001:db8:1:101::10"));
  EXPECT_TRUE(accepted("icmpv6 128/0 1 2001:db8:1:101::1 > 2001:db8:1:101::10"));
  EXPECT_FALSE(accepted("icmpv6 128/0 1 fe80::21a:bff:fe00:4c5d > 2001:db8:1:101::10"));
  policy.vpc.router_mac.reset();
  twin.reload(policy, 0s);
  EXPECT_FALSE(accepted("icmpv6 128/0 1 fe80::1a:bff:fe00:4c5d > 2001:db8:1:101::10"));
}

}  // namespace
}  // namespace vpcwall::twin

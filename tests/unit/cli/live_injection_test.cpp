#include <gtest/gtest.h>

#include "cli/live/injection.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using test::ip;
using test::packet_of;
using test::policy_of;

Policy guarded(std::string_view interfaces) {
  return policy_of(std::string(R"(
version: 1
vpc: {cidr: 10.0.0.0/16}
subnets: [{name: A, cidr: 10.0.0.0/24}, {name: B, cidr: 10.0.1.0/24}]
interfaces:
)") + std::string(interfaces));
}

// Endpoint 1 is a1, 2 is b1; the policy of a test may guard fewer.
LabPlan wires() {
  return make_lab_plan(guarded("  - {name: a1, subnet: A, addresses: [10.0.0.5]}\n"
                               "  - {name: b1, subnet: B, addresses: [10.0.1.5]}\n"),
                       "t");
}

Policy only_a1() { return guarded("  - {name: a1, subnet: A, addresses: [10.0.0.5]}\n"); }

Injection plan(const char* packet, std::vector<PathSide> path = {}) {
  return plan_injection({packet_of(packet), std::move(path)}, only_a1(), wires(), 20000);
}

TEST(Injection, FollowsTheAddresses) {
  const Injection in = plan("udp 203.0.113.12:1 > 10.0.0.5:2");
  EXPECT_EQ(in.from, 0U) << "from the internet";
  EXPECT_EQ(in.to, 1U) << "to a1";
  EXPECT_FALSE(in.needs_route);
  const Injection out = plan("udp 10.0.0.5:2 > 203.0.113.12:1");
  EXPECT_EQ(out.from, 1U);
  EXPECT_EQ(out.to, 0U);
  EXPECT_EQ(plan("udp 10.0.0.5:2 > 10.0.1.5:1").to, 2U) << "b1 has a wire, guarded or not";
}

TEST(Injection, SendsASpoofedPacketFromTheInterfaceThatLeavesIt) {
  const Injection way = plan("tcp S 10.0.0.99:1 > 203.0.113.12:2", {{Direction::egress, "a1"}});
  EXPECT_EQ(way.from, 1U);
  EXPECT_EQ(way.to, 0U);
}

TEST(Injection, RoutesAForeignDestinationToTheInterfaceThatItArrivesAt) {
  const Injection way = plan("tcp S 10.0.1.5:1 > 203.0.113.12:2", {{Direction::ingress, "a1"}});
  EXPECT_EQ(way.from, 2U);
  EXPECT_EQ(way.to, 1U);
  EXPECT_TRUE(way.needs_route);
}

// A marker is exempt on the side that is guarded, so that no policy can stop it.
TEST(Injection, TheMarkerGoesTheSameWay) {
  const Injection in = plan("udp 203.0.113.12:1 > 10.0.0.5:2");
  EXPECT_EQ(in.marker.destination, ip("10.0.0.5"));
  EXPECT_EQ(in.marker_to, 1U);
  const Injection out = plan("udp 10.0.0.5:2 > 203.0.113.12:1");
  EXPECT_EQ(out.marker.source, ip("10.0.0.5"));
  EXPECT_EQ(out.marker.destination, ip("169.254.169.123"));
  EXPECT_EQ(out.marker_to, services_of(wires())) << "and a service's packets come from the services";
  EXPECT_EQ(in.marker_from, services_of(wires()));
}

// E-16, O-20: without `from`, a packet is sent from where its source belongs.
TEST(Injection, SendsFromWhereTheSourceBelongsUnlessTheStepSaysOtherwise) {
  const std::size_t services = services_of(wires());
  EXPECT_EQ(plan("udp 169.254.169.253:53 > 10.0.0.5:2").from, services);
  EXPECT_EQ(plan("icmp 0/0 1 10.0.0.1 > 10.0.0.5").from, services) << "the router";
  EXPECT_EQ(plan("udp 10.0.1.99:53 > 10.0.0.5:2").from, services) << "no interface has it";
  const auto from = [](const char* packet, Origin origin) {
    return plan_injection({packet_of(packet), {}, origin}, only_a1(), wires(), 20000).from;
  };
  EXPECT_EQ(from("udp 169.254.169.253:53 > 10.0.0.5:2", Origin::uplink), 0U);
  EXPECT_EQ(from("udp 10.0.1.5:53 > 10.0.0.5:2", Origin::uplink), 0U);
  EXPECT_EQ(from("udp 203.0.113.12:67 > 10.0.0.5:68", Origin::services), services);
}

TEST(Injection, KnowsWhichStepsLeaveASubnetOut) {
  const auto leaves_out = [](const char* packet, std::vector<PathSide> path) {
    return leaves_unlisted_side_out({packet_of(packet), std::move(path)}, only_a1());
  };
  EXPECT_TRUE(leaves_out("tcp S 10.0.1.99:1 > 10.0.0.5:2", {{Direction::ingress, "a1"}}));
  EXPECT_TRUE(leaves_out("tcp S 10.0.0.5:1 > 10.0.1.99:2", {{Direction::egress, "a1"}}));
  EXPECT_FALSE(leaves_out("tcp S 10.0.0.5:1 > 10.0.1.99:2", {}));
  EXPECT_FALSE(leaves_out("tcp S 203.0.113.12:1 > 10.0.0.5:2", {{Direction::ingress, "a1"}}));
  EXPECT_FALSE(leaves_out("tcp S 10.0.0.99:1 > 203.0.113.12:2", {{Direction::egress, "a1"}}));
}

TEST(Injection, HasAMarkerForAPolicyWithoutInterfaces) {
  const Policy empty =
      policy_of("{version: 1, vpc: {cidr: 10.0.0.0/16}, subnets: [{name: A, cidr: 10.0.0.0/24}]}");
  const LabPlan wires = make_lab_plan(empty, "t");
  const Injection way =
      plan_injection({packet_of("tcp S 203.0.113.12:1 > 10.0.0.99:443"), {}}, empty, wires, 20000);
  EXPECT_EQ(way.marker.destination, ip("10.0.0.99"));
  EXPECT_EQ(way.marker_from, services_of(wires));
  EXPECT_EQ(way.marker_to, 0U);
}

TEST(Injection, KnowsWhatNoRouterForwards) {
  const auto why = [](const char* packet) { return why_not_forwarded({packet_of(packet), {}}); };
  EXPECT_FALSE(why("udp 203.0.113.12:1 > 10.0.0.5:2"));
  EXPECT_TRUE(why("udp 0.0.0.0:68 > 255.255.255.255:67"));
  EXPECT_TRUE(why("udp 10.0.0.5:1 > 255.255.255.255:67"));
  EXPECT_TRUE(why("udp 10.0.0.5:1 > 224.0.0.2:67"));
  EXPECT_TRUE(why("udp 127.0.0.1:1 > 127.0.0.1:2"));
  Packet packet = packet_of("udp 203.0.113.12:1 > 10.0.0.5:2");
  packet.hop_limit = 255;
  EXPECT_TRUE(why_not_forwarded({packet, {}}));
  packet.hop_limit = 1;
  EXPECT_TRUE(why_not_forwarded({packet, {}}));
}

}  // namespace
}  // namespace vpcwall

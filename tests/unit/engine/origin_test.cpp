// Where packets come from, and what guards an address that no interface has: facts that need devices.
#include <gtest/gtest.h>

#include "support/judge.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using test::Judge;
using test::packet_of;
using test::small_vpc;

constexpr std::uint32_t of_web = 7, of_app = 8, of_uplink = 91, of_services = 92, of_nobody = 93;  // devices
const std::vector<DeviceBinding> places{
    {of_web, "web"}, {of_uplink, {}, Origin::uplink}, {of_services, {}, Origin::services}};
const std::vector<DeviceBinding> web_and_app{{of_web, "web"}, {of_app, "app"}};
constexpr const char* shut = "  - {name: web, ingress: [], egress: []}";

// Every group open both ways, so that a packet that no other gate refuses is seen to pass.
std::string wide_open() {
  std::string groups;
  for (const char* name : {"web", "app", "db"})
    groups += std::string("  - {name: ") + name +
              ", ingress: [{protocol: all, source: 0.0.0.0/0}, {protocol: all, source: \"::/0\"}],"
              " egress: [{protocol: all, destination: 0.0.0.0/0}, {protocol: all, destination: \"::/0\"}]}\n";
  return groups;
}

Packet with_hop_limit(const char* text, std::uint8_t limit) {
  Packet packet = packet_of(text);
  packet.hop_limit = limit;
  return packet;
}

// E-16, E-17: a service is a source only where a service can be.
TEST(Semantics, BelievesAServiceOnlyWhereItCanBe) {
  Judge judge(small_vpc(wide_open()), places);
  for (const char* service : {"169.254.169.254", "169.254.169.253", "169.254.169.123", "169.254.169.250",
                              "169.254.169.251", "169.254.170.2", "10.0.0.2", "10.0.1.1", "10.0.2.1"}) {
    const std::string answer = "udp " + std::string(service) + ":53 > 10.0.1.10:40000";
    EXPECT_EQ(judge(answer, {of_services, of_web}), "EX") << service;
    EXPECT_EQ(judge(answer), "EX") << service << ", from where it belongs";
    for (const std::uint32_t device : {of_uplink, of_nobody, of_web})
      EXPECT_EQ(judge(answer, {device, of_web}), "SD-") << service << " by " << device;
  }
  EXPECT_EQ(judge("udp [fd00:ec2::254]:53 > [2001:db8:1:101::10]:40000", {of_uplink, of_web}), "SD-");
  EXPECT_EQ(judge("udp [2001:db8:1:101::1]:53 > [2001:db8:1:101::10]:40000", {of_uplink, of_web}), "SD-");
  EXPECT_EQ(judge("udp 169.254.169.253:53 > 10.0.1.99:40000", {of_uplink, 0}), "SD-") << "at the subnet";
  EXPECT_EQ(judge("udp 169.254.169.252:53 > 10.0.1.10:40000", {of_uplink, of_web}), "NI+100 SI+u")
      << "no service";
}

// E-21 comes before: what cannot have come from beyond the link.
TEST(Semantics, ExemptsNeighbourDiscoveryOnEveryDevice) {
  Judge judge(small_vpc(shut), places);
  const char* solicitation = "icmpv6 135/0 0 2001:db8:1:101::1 > 2001:db8:1:101::10";
  for (const std::uint32_t device : {of_uplink, of_services, of_nobody})
    EXPECT_EQ(judge(with_hop_limit(solicitation, 255), {device, of_web}), "EX") << device;
  EXPECT_EQ(judge(with_hop_limit(solicitation, 254), {of_uplink, of_web}), "SD-");
}

TEST(Semantics, ExemptsDhcpOnTheLinkOnly) {  // E-19
  Judge judge(small_vpc(shut), places);
  for (const char* question : {"udp 0.0.0.0:68 > 255.255.255.255:67", "udp 10.0.1.10:68 > 255.255.255.255:67",
                               "udp 10.0.1.10:68 > 10.0.1.1:67", "udp 10.0.1.10:68 > 169.254.169.254:67"})
    EXPECT_EQ(judge(question, {of_web, 0}), "EX") << question;
  EXPECT_EQ(judge("udp 10.0.1.10:68 > 203.0.113.12:67", {of_web, 0}), "SO-");
  EXPECT_EQ(judge("udp 203.0.113.9:68 > 255.255.255.255:67", {of_web, 0}), "SD-") << "a foreign source";
  for (const char* answer : {"udp 10.0.1.1:67 > 10.0.1.10:68", "udp 192.0.2.53:67 > 10.0.1.10:68",
                             "udp 192.0.2.53:67 > 255.255.255.255:68"})
    EXPECT_EQ(judge(answer, {of_services, of_web}), "EX") << answer;
  EXPECT_EQ(judge("udp 10.0.1.1:67 > 10.0.1.10:68", {of_uplink, of_web}), "SD-");
  for (const std::uint32_t device : {of_uplink, of_nobody})
    EXPECT_EQ(judge("udp 203.0.113.12:67 > 10.0.1.10:68", {device, of_web}), "NI+100 SI-") << device;
  EXPECT_EQ(judge("udp 192.0.2.53:67 > 10.0.1.77:68", {of_services, of_web}), "NI+100 SD-")
      << "for somebody else";
}

// D-1 to D-6: an address that the policy speaks of comes from where it can be, or not at all.
TEST(Semantics, AcceptsAnAddressOnlyFromWhereItCanBe) {
  Judge judge(small_vpc(wide_open()), places);
  const char* from_app = "tcp S 10.0.1.11:40000 > 10.0.1.10:22";
  EXPECT_EQ(judge(from_app, {of_nobody, of_web}), "SO+u SI+u") << "app has no device: it may be there";
  EXPECT_EQ(judge(from_app, {of_uplink, of_web}), "SD-");
  EXPECT_EQ(judge("tcp S 10.0.1.11:40000 > 198.51.100.77:80", {of_web, 0}), "SD-") << "from web's device";
  const char* from_web = "tcp S 10.0.1.10:40000 > 10.0.2.10:22";
  EXPECT_EQ(judge(from_web, {of_web, 0}), "SO+u NO+100 NI+100 SI+u");
  for (const std::uint32_t device : {of_uplink, of_services, of_nobody})
    EXPECT_EQ(judge(from_web, {device, 0}), "SD-") << device;
  EXPECT_EQ(judge("tcp S 10.0.1.10:1 > 10.0.1.10:2", {of_uplink, of_web}), "SD-")
      << "a host that talks to itself does not do so by the uplink";
  const char* unlisted = "tcp S 10.0.1.99:40000 > 10.0.1.10:22";
  EXPECT_EQ(judge(unlisted, {of_uplink, of_web}), "SD-");
  EXPECT_EQ(judge(unlisted, {of_nobody, of_web}), "SI+u");
  EXPECT_EQ(judge("tcp S 10.0.2.99:40000 > 198.51.100.77:80", {of_web, 0}), "SD-") << "of another subnet";
  EXPECT_EQ(judge("tcp S 10.0.1.99:40000 > 198.51.100.77:80", {of_uplink, 0}), "SD-") << "at its subnet";
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22", {of_uplink, of_web}), "NI+100 SI+u");
}

TEST(Semantics, WithoutTheCheckAnInterfaceForwardsForOthersButNotInTheirName) {  // D-1 to D-6
  Policy policy = small_vpc(wide_open());
  policy.interfaces[0].source_dest_check = false;
  Judge judge(policy, web_and_app);
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 198.51.100.77:80", {of_web, 0}), "SO+u NO+100");
  EXPECT_EQ(judge("tcp S 10.0.1.99:40000 > 198.51.100.77:80", {of_web, 0}), "SO+u NO+100");
  EXPECT_EQ(judge("tcp S 10.0.1.11:40000 > 198.51.100.77:80", {of_web, 0}), "SD-") << "app has a device";
  EXPECT_EQ(judge("tcp S 10.0.2.99:40000 > 198.51.100.77:80", {of_web, 0}), "SD-") << "of another subnet";
}

// C-50: the message must be about a packet that the interface sent.
TEST(Semantics, TakesPathMtuMessagesOnlyAboutWhatTheInterfaceSent) {
  Policy policy = small_vpc(
      "  - {name: web, ingress: [{protocol: tcp, ports: 443, source: 0.0.0.0/0}], egress: [{protocol: all, "
      "destination: 0.0.0.0/0}]}");
  Packet message = packet_of("icmp 3/4 0 192.0.2.1 > 10.0.1.10");
  const auto quoting = [&message](const char* source) {
    message.quoted = QuotedPacket{.source = test::ip(source),
                                  .destination = test::ip("203.0.113.12"),
                                  .protocol = Protocol::tcp,
                                  .transport = Transport::whole,
                                  .source_port = 443,
                                  .destination_port = 40000};
    return message;
  };
  policy.interfaces[0].addresses.push_back(*parse_prefix("10.0.1.16/28"));
  Judge judge(policy);
  EXPECT_EQ(judge(quoting("10.0.1.10")), "NI+100 SI+e");
  EXPECT_EQ(judge(quoting("10.0.1.20")), "NI+100 SI+e") << "a delegated prefix";
  EXPECT_EQ(judge(quoting("10.0.1.11")), "NI+100 SI-") << "app's";
  EXPECT_EQ(judge(quoting("8.8.8.8")), "NI+100 SI-");
  policy.interfaces[0].source_dest_check = false;
  judge.use(policy);
  EXPECT_EQ(judge(quoting("8.8.8.8")), "NI+100 SI+e") << "who forwards may have sent anything";
}

// O-20
TEST(Semantics, ASubnetGuardsEveryAddressOfItsRange) {
  Policy policy = small_vpc(wide_open());
  Judge judge(policy, places);
  EXPECT_EQ(judge("tcp S 203.0.113.12:1 > 10.0.1.99:443", {of_uplink, of_nobody}), "NI+100");
  EXPECT_EQ(judge("tcp S 10.0.1.10:1 > 10.0.1.99:443", {of_web, 0}), "SO+u") << "inside the subnet";
  EXPECT_EQ(judge("tcp S 10.0.1.10:1 > 10.0.2.99:443", {of_web, 0}), "SO+u NO+100 NI+100");
  EXPECT_EQ(judge("tcp S 10.0.1.99:1 > 10.0.1.98:443"), "") << "inside the subnet";
  EXPECT_EQ(judge("tcp S 10.0.1.99:1 > 10.0.2.99:443"), "NO+100 NI+100");
  EXPECT_EQ(judge("tcp S 10.0.9.99:1 > 203.0.113.12:443"), "") << "of no subnet";
  EXPECT_EQ(judge("udp 10.0.1.99:1 > 169.254.169.253:53"), "EX");
  EXPECT_EQ(judge("udp 10.0.1.1:1 > 203.0.113.12:53"), "") << "the router stands beyond the edge";
  policy.unlisted_addresses = UnlistedAddresses::drop;
  judge.use(policy, places);
  EXPECT_EQ(judge("tcp S 203.0.113.12:1 > 10.0.1.99:443", {of_uplink, 0}), "NI-*");
  EXPECT_EQ(judge("tcp S 10.0.1.99:1 > 203.0.113.12:443"), "NO-*");
  EXPECT_EQ(judge("tcp S 10.0.1.10:1 > 10.0.1.99:443", {of_web, 0}), "SO+u") << "inside the subnet";
  EXPECT_EQ(judge("udp 10.0.1.99:1 > 169.254.169.253:53"), "EX");
  policy.unlisted_addresses = UnlistedAddresses::pass;
  judge.use(policy, places);
  EXPECT_EQ(judge("tcp S 203.0.113.12:1 > 10.0.1.99:443", {of_uplink, 0}), "");
  EXPECT_EQ(judge("tcp S 10.0.1.10:1 > 10.0.2.99:443", {of_web, 0}), "SO+u NO+100");
  EXPECT_EQ(judge("tcp S 10.0.1.99:1 > 198.51.100.77:80", {of_uplink, 0}), "SD-") << "forged it stays";
}

}  // namespace
}  // namespace vpcwall

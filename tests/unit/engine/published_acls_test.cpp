// The network ACLs of AWS's own examples, judged packet by packet under a group that allows everything.
// Subnets and hosts are AWS's: public 10.0.0.0/24 with 10.0.0.5, private 10.0.1.0/24 with 10.0.1.5; "home" is
// 192.0.2.0/24 and 2001:db8:4000::/48.
#include <gtest/gtest.h>

#include <sstream>

#include "support/judge.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using test::Judge;
using Entries = std::vector<std::string>;  // "100 tcp/80 0.0.0.0/0", "90 icmp/3/4 ::/0 deny"

const Entries everything{"100 all 0.0.0.0/0", "101 all ::/0"};

std::string yaml_of(const std::string& entry) {
  std::istringstream words(entry);
  std::string number, traffic, cidr, action = "allow";
  words >> number >> traffic >> cidr >> action;
  std::istringstream parts(traffic);
  std::string protocol, first, second;
  std::getline(parts, protocol, '/');
  std::getline(parts, first, '/');
  std::getline(parts, second, '/');
  std::string text = "{rule: " + number + ", action: " + (action.empty() ? "allow" : action) +
                     ", protocol: " + protocol + ", cidr: \"" + cidr + '"';
  if (!first.empty()) text += (protocol == "icmp" ? ", type: " : ", ports: ") + first;
  if (!second.empty()) text += ", code: " + second;
  return text + "}, ";
}

std::string yaml_of(const Entries& entries) {
  std::string text;
  for (const std::string& entry : entries) text += yaml_of(entry);
  return '[' + text + ']';
}

struct Acl {
  Entries ingress = everything, egress = everything;
};

Policy vpc(const Acl& of_public, const Acl& of_private = {}) {
  return test::policy_of(
      "version: 1\n"
      "vpc: {cidr: 10.0.0.0/16, ipv6_cidr: \"2001:db8:1234:1a00::/56\"}\n"
      "security_groups: [{name: g, ingress: [{protocol: all, source: 0.0.0.0/0}, {protocol: all, source: "
      "\"::/0\"}]}]\n"
      "network_acls:\n"
      "  - {name: public, ingress: " +
      yaml_of(of_public.ingress) + ", egress: " + yaml_of(of_public.egress) +
      "}\n  - {name: private, ingress: " + yaml_of(of_private.ingress) +
      ", egress: " + yaml_of(of_private.egress) +
      "}\nsubnets:\n"
      "  - {name: public, cidr: 10.0.0.0/24, ipv6_cidr: \"2001:db8:1234:1a00::/64\", network_acl: public}\n"
      "  - {name: private, cidr: 10.0.1.0/24, ipv6_cidr: \"2001:db8:1234:1a01::/64\", network_acl: private}\n"
      "interfaces:\n"
      "  - {name: a, subnet: public, addresses: [10.0.0.5, \"2001:db8:1234:1a00::5\"], security_groups: "
      "[g]}\n"
      "  - {name: b, subnet: private, addresses: [10.0.1.5, \"2001:db8:1234:1a01::5\"], security_groups: "
      "[g]}\n");
}

TEST(PublishedAcl, CustomAclWithRemoteDesktop) {  // NX-4
  Judge judge(vpc({{"100 tcp/80 0.0.0.0/0", "110 tcp/443 0.0.0.0/0", "120 tcp/22 192.0.2.0/24",
                    "130 tcp/3389 192.0.2.0/24", "140 tcp/32768-65535 0.0.0.0/0"},
                   {"100 tcp/80 0.0.0.0/0", "110 tcp/443 0.0.0.0/0", "120 tcp/1024-65535 192.0.2.0/24",
                    "140 tcp/32768-65535 0.0.0.0/0"}}));
  EXPECT_EQ(judge("tcp S 192.0.2.10:40000 > 10.0.0.5:3389"), "NI+130 SI+u");
  EXPECT_EQ(judge("tcp SA 10.0.0.5:3389 > 192.0.2.10:1055"), "SO+u NO+120");
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.0.5:3389"), "NI-*");
}

TEST(PublishedAcl, InternalLoadBalancer) {  // NX-7: the balancer's node is 10.0.0.5
  Judge judge(
      vpc({{"100 tcp/80 10.0.0.0/16", "110 tcp/1024-65535 10.0.0.0/16"},
           {"100 tcp/8080 10.0.0.0/16", "110 tcp/8081 10.0.0.0/16", "120 tcp/1024-65535 10.0.0.0/16"}}));
  EXPECT_EQ(judge("tcp S 10.0.1.5:40000 > 10.0.0.5:80"), "SO+u NO+100 NI+100 SI+u");
  EXPECT_EQ(judge("tcp SA 10.0.0.5:80 > 10.0.1.5:40000"), "SO+u NO+120 NI+100 SI+u");
  EXPECT_EQ(judge("tcp S 10.0.0.5:40000 > 10.0.1.5:8080"), "SO+u NO+100 NI+100 SI+u");
  EXPECT_EQ(judge("tcp S 10.0.0.5:40000 > 10.0.1.5:8081"), "SO+u NO+110 NI+100 SI+u");
  EXPECT_EQ(judge("tcp SA 10.0.1.5:8080 > 10.0.0.5:40000"), "SO+u NO+100 NI+110 SI+u");
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.0.5:80"), "NI-*");
}

// The balancer's node is 10.0.0.5, a target 10.0.1.5 with port 8080 and health checks on 8081.
TEST(PublishedAcl, NetworkLoadBalancerAndItsTargets) {  // NX-8, NX-9, O-11
  const Acl balancer{
      {"100 tcp/443 203.0.113.0/24", "110 tcp/1024-65535 10.0.0.0/16"},
      {"100 tcp/1024-65535 203.0.113.0/24", "110 tcp/8080 10.0.0.0/16", "120 tcp/8081 10.0.0.0/16"}};
  const Acl with_clients_addresses{{"100 tcp/8080 203.0.113.0/24", "110 tcp/8081 10.0.0.0/16"},
                                   {"100 tcp/1024-65535 203.0.113.0/24", "110 tcp/1024-65535 10.0.0.0/16"}};
  const Acl without_them{{"100 tcp/8080 10.0.0.0/16", "110 tcp/8081 10.0.0.0/16"},
                         {"110 tcp/1024-65535 10.0.0.0/16"}};
  const char* direct = "tcp S 203.0.113.12:40000 > 10.0.1.5:8080";

  Judge judge(vpc(balancer, with_clients_addresses));
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.0.5:443"), "NI+100 SI+u");
  EXPECT_EQ(judge("tcp SA 10.0.0.5:443 > 203.0.113.12:40000"), "SO+u NO+100");
  EXPECT_EQ(judge("tcp S 10.0.0.5:40000 > 10.0.1.5:8081"), "SO+u NO+120 NI+110 SI+u");
  EXPECT_EQ(judge("tcp SA 10.0.1.5:8081 > 10.0.0.5:40000"), "SO+u NO+110 NI+110 SI+u");
  EXPECT_EQ(judge(direct), "NI+100 SI+u");
  EXPECT_EQ(judge("tcp SA 10.0.1.5:8080 > 203.0.113.12:40000"), "SO+u NO+100");
  EXPECT_EQ(judge("tcp S 10.0.0.5:40000 > 10.0.1.5:8080"), "SO+u NO+110 NI-*");
  judge.use(vpc(balancer, without_them));
  EXPECT_EQ(judge("tcp S 10.0.0.5:40000 > 10.0.1.5:8080"), "SO+u NO+110 NI+100 SI+u");
  EXPECT_EQ(judge(direct), "NI-*");
}

TEST(PublishedAcl, ApplicationLoadBalancer) {  // NX-10: health checks on port 80
  Judge judge(
      vpc({{"100 tcp/1024-65535 10.0.0.0/16"}, {"100 tcp/80 10.0.0.0/16", "110 tcp/1024-65535 10.0.0.0/16"}},
          {{"100 tcp/80 10.0.0.0/16"}, {"100 tcp/1024-65535 10.0.0.0/16"}}));
  EXPECT_EQ(judge("tcp S 10.0.0.5:40000 > 10.0.1.5:80"), "SO+u NO+100 NI+100 SI+u");
  EXPECT_EQ(judge("tcp SA 10.0.1.5:80 > 10.0.0.5:40000"), "SO+u NO+100 NI+100 SI+u");
  EXPECT_EQ(judge("tcp S 10.0.0.5:40000 > 10.0.1.5:443"), "SO+u NO-*");
}

TEST(PublishedAcl, ClientsOfAGatewayEndpoint) {  // NX-14
  Judge judge(vpc({everything, {"100 tcp/443 198.51.100.0/25", "110 tcp/443 192.0.2.0/24"}}));
  EXPECT_EQ(judge("tcp S 10.0.0.5:40000 > 198.51.100.77:443"), "SO+u NO+100");
  EXPECT_EQ(judge("tcp S 10.0.0.5:40000 > 192.0.2.10:443"), "SO+u NO+110");
  EXPECT_EQ(judge("tcp S 10.0.0.5:40000 > 198.51.100.200:443"), "SO+u NO-*");
}

TEST(PublishedAcl, PathMtuAndTraceroute) {  // NX-15, N-44, N-45
  const Entries messages{"100 icmp/3/4 0.0.0.0/0", "110 icmp/11/0 0.0.0.0/0"};
  Judge judge(vpc({messages, messages}));
  EXPECT_EQ(judge("icmp 3/4 0 198.51.100.1 > 10.0.0.5"), "NI+100 SI+r");
  EXPECT_EQ(judge("icmp 11/0 0 198.51.100.1 > 10.0.0.5"), "NI+110 SI+r");
  EXPECT_EQ(judge("icmp 3/1 0 198.51.100.1 > 10.0.0.5"), "NI-*");
  EXPECT_EQ(judge("icmp 11/1 0 198.51.100.1 > 10.0.0.5"), "NI-*");
  EXPECT_EQ(judge("icmp 3/4 0 10.0.0.5 > 198.51.100.1"), "SO+r NO+100");
  EXPECT_EQ(judge("icmp 11/0 0 10.0.0.5 > 198.51.100.1"), "SO+r NO+110");
}

TEST(PublishedAcl, SamplesOfTheApi) {  // NX-16
  Judge judge(vpc(
      {{"110 udp/53 0.0.0.0/0", "120 tcp/80 ::/0"}, {"110 tcp/139 0.0.0.0/0 deny", "200 all 0.0.0.0/0"}}));
  EXPECT_EQ(judge("udp 203.0.113.12:40000 > 10.0.0.5:53"), "NI+110 SI+u");
  EXPECT_EQ(judge("tcp S [2001:db8:ffff::12]:40000 > [2001:db8:1234:1a00::5]:80"), "NI+120 SI+u");
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.0.5:80"), "NI-*");
  EXPECT_EQ(judge("tcp S 10.0.0.5:40000 > 203.0.113.12:139"), "SO+u NO-110");
  EXPECT_EQ(judge("tcp S 10.0.0.5:40000 > 203.0.113.12:140"), "SO+u NO+200");
}

TEST(PublishedAcl, ScenarioOneOverIpv6) {  // NX-21
  Judge judge(vpc({{"150 tcp/80 ::/0", "160 tcp/443 ::/0", "170 tcp/22 2001:db8:4000::/48",
                    "180 tcp/3389 2001:db8:4000::/48", "190 tcp/32768-65535 ::/0"},
                   {"130 tcp/80 ::/0", "140 tcp/443 ::/0", "150 tcp/32768-65535 ::/0"}}));
  EXPECT_EQ(judge("tcp S [2001:db8:ffff::12]:40000 > [2001:db8:1234:1a00::5]:443"), "NI+160 SI+u");
  EXPECT_EQ(judge("tcp SA [2001:db8:1234:1a00::5]:443 > [2001:db8:ffff::12]:40000"), "SO+u NO+150");
  EXPECT_EQ(judge("tcp S [2001:db8:4000::1]:40000 > [2001:db8:1234:1a00::5]:22"), "NI+170 SI+u");
  EXPECT_EQ(judge("tcp S [2001:db8:ffff::12]:40000 > [2001:db8:1234:1a00::5]:22"), "NI-*");
  EXPECT_EQ(judge("tcp S [2001:db8:1234:1a00::5]:40000 > [2001:db8:ffff::12]:80"), "SO+u NO+130");
  EXPECT_EQ(judge("tcp SA [2001:db8:ffff::12]:80 > [2001:db8:1234:1a00::5]:40000"), "NI+190 SI+u");
}

TEST(PublishedAcl, ScenarioTwoOverIpv6) {  // NX-24, NX-25
  const Acl of_public{{"150 tcp/80 ::/0", "160 tcp/443 ::/0", "170 tcp/22 2001:db8:4000::/48",
                       "180 tcp/3389 2001:db8:4000::/48", "190 tcp/1024-65535 ::/0"},
                      {"160 tcp/80 ::/0", "170 tcp/443 ::/0", "180 tcp/1433 2001:db8:1234:1a01::/64",
                       "200 tcp/32768-65535 ::/0", "210 tcp/22 2001:db8:1234:1a01::/64"}};
  const Acl of_private{
      {"150 tcp/1433 2001:db8:1234:1a00::/64", "170 tcp/22 2001:db8:1234:1a00::/64",
       "180 tcp/3389 2001:db8:1234:1a00::/64", "190 tcp/1024-65535 ::/0"},
      {"130 tcp/80 ::/0", "140 tcp/443 ::/0", "150 tcp/32768-65535 2001:db8:1234:1a00::/64"}};
  Judge judge(vpc(of_public, of_private));
  const std::string a = "[2001:db8:1234:1a00::5]:", b = "[2001:db8:1234:1a01::5]:";
  EXPECT_EQ(judge("tcp S " + a + "40000 > " + b + "1433"), "SO+u NO+180 NI+150 SI+u");
  EXPECT_EQ(judge("tcp SA " + b + "1433 > " + a + "40000"), "SO+u NO+150 NI+190 SI+u");
  EXPECT_EQ(judge("tcp S " + a + "40000 > " + b + "22"), "SO+u NO+210 NI+170 SI+u");
  EXPECT_EQ(judge("tcp S " + a + "40000 > " + b + "3306"), "SO+u NO-*") << "NX-32";
  EXPECT_EQ(judge("tcp S " + b + "40000 > [2001:db8:ffff::12]:443"), "SO+u NO+140");
  EXPECT_EQ(judge("tcp SA [2001:db8:ffff::12]:443 > " + b + "40000"), "NI+190 SI+u");
}

TEST(PublishedAcl, ScenarioThreePublicSubnet) {  // NX-26, NX-32
  Judge judge(vpc({{"100 tcp/80 0.0.0.0/0", "110 tcp/443 0.0.0.0/0", "120 tcp/22 192.0.2.0/24",
                    "130 tcp/3389 192.0.2.0/24", "140 tcp/32768-65535 0.0.0.0/0"},
                   {"100 tcp/80 0.0.0.0/0", "110 tcp/443 0.0.0.0/0", "120 tcp/1433 10.0.1.0/24",
                    "140 tcp/32768-65535 0.0.0.0/0"}}));
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.0.5:80"), "NI+100 SI+u");
  EXPECT_EQ(judge("tcp SA 10.0.0.5:80 > 203.0.113.12:40000"), "SO+u NO+140");
  EXPECT_EQ(judge("tcp S 10.0.0.5:40000 > 10.0.1.5:1433"), "SO+u NO+120 NI+100 SI+u");
  EXPECT_EQ(judge("tcp S 10.0.0.5:40000 > 10.0.1.5:3306"), "SO+u NO-*");
  EXPECT_EQ(judge("icmp 8/0 1 203.0.113.12 > 10.0.0.5"), "NI-*");
  EXPECT_EQ(judge("udp 10.0.0.5:40000 > 203.0.113.12:53"), "SO+u NO-*");
}

TEST(PublishedAcl, ScenarioThreeOverIpv6) {  // NX-28, NX-29
  const Acl of_public{{"150 tcp/80 ::/0", "160 tcp/443 ::/0", "170 tcp/22 2001:db8:4000::/48",
                       "180 tcp/3389 2001:db8:4000::/48", "190 tcp/1024-65535 ::/0"},
                      {"150 tcp/80 ::/0", "160 tcp/443 ::/0", "170 tcp/1433 2001:db8:1234:1a01::/64",
                       "190 tcp/32768-65535 ::/0"}};
  const Acl of_private{{"150 tcp/1433 2001:db8:1234:1a00::/64"},
                       {"130 tcp/32768-65535 2001:db8:1234:1a00::/64"}};
  Judge judge(vpc(of_public, of_private));
  const std::string a = "[2001:db8:1234:1a00::5]:", b = "[2001:db8:1234:1a01::5]:";
  EXPECT_EQ(judge("tcp S " + a + "40000 > " + b + "1433"), "SO+u NO+170 NI+150 SI+u");
  EXPECT_EQ(judge("tcp SA " + b + "1433 > " + a + "40000"), "SO+u NO+130 NI+190 SI+u");
  EXPECT_EQ(judge("tcp S " + b + "40000 > [2001:db8:ffff::12]:443"), "SO+u NO-*");
  EXPECT_EQ(judge("tcp S [2001:db8:ffff::12]:40000 > " + b + "1433"), "NI-*");
  EXPECT_EQ(judge("tcp S [2001:db8:4000::1]:40000 > " + a + "3389"), "NI+180 SI+u");
}

TEST(PublishedAcl, ScenarioFour) {  // NX-30, NX-31, NX-33
  Judge judge(
      vpc({{"100 tcp/22 192.0.2.0/24", "110 tcp/3389 192.0.2.0/24", "120 tcp/32768-65535 192.0.2.0/24"},
           {"100 all 192.0.2.0/24", "120 tcp/32768-65535 192.0.2.0/24"}}));
  EXPECT_EQ(judge("tcp S 192.0.2.10:40000 > 10.0.0.5:22"), "NI+100 SI+u");
  EXPECT_EQ(judge("tcp SA 10.0.0.5:22 > 192.0.2.10:40000"), "SO+u NO+100") << "120 is never reached";
  EXPECT_EQ(judge("udp 10.0.0.5:40000 > 192.0.2.10:53"), "SO+u NO+100");
  EXPECT_EQ(judge("udp 192.0.2.10:53 > 10.0.0.5:40000"), "NI-*");
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.0.5:22"), "NI-*");
  EXPECT_EQ(judge("tcp S [2001:db8:4000::1]:40000 > [2001:db8:1234:1a00::5]:22"), "NI-*");
  EXPECT_EQ(judge("tcp S [2001:db8:1234:1a00::5]:40000 > [2001:db8:4000::1]:443"), "SO+u NO-*");
}

}  // namespace
}  // namespace vpcwall

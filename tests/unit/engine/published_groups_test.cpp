// The security groups of AWS's own examples, judged packet by packet. The roles are played by the interfaces
// of small_vpc(): web and app in one subnet, db in the other; network ACLs let everything pass.
#include <gtest/gtest.h>

#include "support/judge.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using test::Judge;
using test::small_vpc;

TEST(PublishedGroup, MembersOfOneGroup) {  // S-93
  Policy policy = small_vpc("  - {name: web, ingress: [{protocol: all, source: {group: web}}]}");
  policy.interfaces[1].security_groups = policy.interfaces[0].security_groups;
  Judge judge(policy);
  EXPECT_EQ(judge("tcp S 10.0.1.11:40000 > 10.0.1.10:9999"), "SO+new SI+new");
  EXPECT_EQ(judge("icmp 8/0 1 10.0.1.10 > 10.0.1.11"), "SO+new SI+new");
  EXPECT_EQ(judge("tcp S 10.0.2.10:40000 > 10.0.1.10:9999"), "SO+new NO+100 NI+100 SI-");
  judge.use(small_vpc("  - {name: web, ingress: [{protocol: all, source: 10.0.2.0/24}]}"));
  EXPECT_EQ(judge("tcp S 10.0.2.10:40001 > 10.0.1.10:9999"), "SO+new NO+100 NI+100 SI+new");
}

TEST(PublishedGroup, Ping) {  // S-94
  Judge judge(
      small_vpc("  - {name: web, ingress: [{protocol: icmp, type: 8, source: 203.0.113.0/24}, {protocol: "
                "icmpv6, source: ::/0}]}\n  - {name: app, ingress: [{protocol: icmp, type: all, source: "
                "203.0.113.0/24}]}"));
  EXPECT_EQ(judge("icmp 8/0 1 203.0.113.12 > 10.0.1.10"), "NI+100 SI+new");
  EXPECT_EQ(judge("icmp 13/0 1 203.0.113.12 > 10.0.1.10"), "NI+100 SI-");
  EXPECT_EQ(judge("icmp 8/0 1 198.51.100.77 > 10.0.1.10"), "NI+100 SI-");
  EXPECT_EQ(judge("icmp 13/0 1 203.0.113.12 > 10.0.1.11"), "NI+100 SI+new");
  EXPECT_EQ(judge("icmpv6 128/0 1 2001:db8:ffff::12 > 2001:db8:1:101::10"), "NI+101 SI+new");
}

TEST(PublishedGroup, DnsServer) {  // S-95
  Judge judge(
      small_vpc("  - {name: web, ingress: [{protocol: tcp, ports: 53, source: 10.0.0.0/16}, {protocol: udp, "
                "ports: 53, source: {group: db}}]}\n  - {name: db}"));
  EXPECT_EQ(judge("tcp S 10.0.1.11:40000 > 10.0.1.10:53"), "SO+new SI+new");
  EXPECT_EQ(judge("udp 10.0.2.10:40000 > 10.0.1.10:53"), "SO+new NO+100 NI+100 SI+new");
  EXPECT_EQ(judge("udp 10.0.1.11:40000 > 10.0.1.10:53"), "SO+new SI-");
  EXPECT_EQ(judge("udp 203.0.113.12:40000 > 10.0.1.10:53"), "NI+100 SI-");
}

TEST(PublishedGroup, FileSystem) {  // S-96: web is the mount target, app the client
  Judge judge(
      small_vpc("  - {name: web, ingress: [{protocol: tcp, ports: 2049, source: {group: app}}]}\n"
                "  - {name: app, ingress: [{protocol: tcp, ports: 22, source: 192.0.2.0/24}]}"));
  EXPECT_EQ(judge("tcp S 10.0.1.11:40000 > 10.0.1.10:2049"), "SO+new SI+new");
  EXPECT_EQ(judge("tcp S 10.0.2.10:40000 > 10.0.1.10:2049"), "SO+new NO+100 NI+100 SI-");
  EXPECT_EQ(judge("tcp S 192.0.2.10:40000 > 10.0.1.11:22"), "NI+100 SI+new");
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.11:22"), "NI+100 SI-");
}

TEST(PublishedGroup, ApplicationLoadBalancer) {  // S-101, O-11: web is the balancer, app a target
  Judge judge(
      small_vpc("  - {name: web, ingress: [{protocol: tcp, ports: 443, source: 0.0.0.0/0}], egress: "
                "[{protocol: tcp, ports: 8080, destination: {group: app}}, {protocol: tcp, ports: 8081, "
                "destination: {group: app}}]}\n"
                "  - {name: app, ingress: [{protocol: tcp, ports: 8080-8081, source: {group: web}}]}"));
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:443"), "NI+100 SI+new");
  EXPECT_EQ(judge("tcp S 10.0.1.10:40000 > 10.0.1.11:8080"), "SO+new SI+new");
  EXPECT_EQ(judge("tcp S 10.0.1.10:40001 > 10.0.1.11:8081"), "SO+new SI+new");
  EXPECT_EQ(judge("tcp SA 10.0.1.11:8080 > 10.0.1.10:40000"), "SO+st SI+st");
  EXPECT_EQ(judge("tcp SA 10.0.1.10:443 > 203.0.113.12:40000"), "SO+st NO+100");
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.11:8080"), "NI+100 SI-");
  EXPECT_EQ(judge("tcp S 10.0.1.10:40000 > 10.0.2.10:8080"), "SO-");
}

TEST(PublishedGroup, NetworkLoadBalancerAndItsTargets) {  // S-102, S-103: web is the balancer, app a target
  Judge judge(
      small_vpc("  - {name: web, ingress: [{protocol: tcp, ports: 443, source: 203.0.113.0/24}, {protocol: "
                "icmp, type: all, source: 0.0.0.0/0}]}\n"
                "  - {name: app, ingress: [{protocol: tcp, ports: 8080, source: {group: web}}, {protocol: "
                "tcp, ports: 8081, source: {group: web}}]}"));
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:443"), "NI+100 SI+new");
  EXPECT_EQ(judge("tcp S 198.51.100.77:40000 > 10.0.1.10:443"), "NI+100 SI-");
  EXPECT_EQ(judge("icmp 3/4 0 198.51.100.1 > 10.0.1.10"), "NI+100 SI+r");
  EXPECT_EQ(judge("tcp S 10.0.1.10:40000 > 10.0.1.11:8080"), "SO+new SI+new");
  EXPECT_EQ(judge("tcp S 10.0.1.10:40001 > 10.0.1.11:8081"), "SO+new SI+new");
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.11:8080"), "NI+100 SI-");
}

TEST(PublishedGroup, ClientOfAGatewayEndpoint) {  // S-106
  Judge judge(small_vpc(
      "  - {name: web, ingress: [], egress: [{protocol: tcp, ports: 443, destination: {prefix_list: "
      "storage}}]}",
      "prefix_lists: [{name: storage, entries: [{cidr: 198.51.100.0/25}, {cidr: 192.0.2.0/24}]}]\n"));
  EXPECT_EQ(judge("tcp S 10.0.1.10:40000 > 198.51.100.77:443"), "SO+new NO+100");
  EXPECT_EQ(judge("tcp S 10.0.1.10:40000 > 192.0.2.10:443"), "SO+new NO+100");
  EXPECT_EQ(judge("tcp S 10.0.1.10:40000 > 198.51.100.200:443"), "SO-");
  EXPECT_EQ(judge("tcp S 10.0.1.10:40000 > 192.0.2.10:80"), "SO-");
}

TEST(PublishedGroup, TargetOfTrafficMirroring) {  // S-107
  Judge judge(small_vpc("  - {name: web, ingress: [{protocol: udp, ports: 4789, source: 10.0.1.11/32}]}"));
  EXPECT_EQ(judge("udp 10.0.1.11:50000 > 10.0.1.10:4789"), "SO+new SI+new");
  EXPECT_EQ(judge("udp 10.0.2.10:50000 > 10.0.1.10:4789"), "SO+new NO+100 NI+100 SI-");
}

constexpr const char* web_for_everyone =
    "{protocol: tcp, ports: 80, source: 0.0.0.0/0}, {protocol: tcp, ports: 443, source: 0.0.0.0/0}, "
    "{protocol: tcp, ports: 80, source: ::/0}, {protocol: tcp, ports: 443, source: ::/0}, "
    "{protocol: tcp, ports: 22, source: 192.0.2.0/24}, {protocol: tcp, ports: 3389, source: 192.0.2.0/24}";

TEST(PublishedGroup, ScenarioOneWebServers) {  // S-108
  Judge judge(small_vpc(std::string("  - {name: web, ingress: [") + web_for_everyone +
                        ", {protocol: all, source: {group: web}}]}"));
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:80"), "NI+100 SI+u");
  EXPECT_EQ(judge("tcp S [2001:db8:ffff::12]:40000 > [2001:db8:1:101::10]:443"), "NI+101 SI+u");
  EXPECT_EQ(judge("tcp S 192.0.2.10:40000 > 10.0.1.10:22"), "NI+100 SI+new");
  EXPECT_EQ(judge("tcp S 192.0.2.10:40000 > 10.0.1.10:3389"), "NI+100 SI+new");
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:22"), "NI+100 SI-");
  EXPECT_EQ(judge("udp 10.0.1.10:40000 > 203.0.113.12:53"), "SO+new NO+100");
}

TEST(PublishedGroup, ScenarioTwoWebAndDatabaseServers) {  // S-109, S-110
  Judge judge(small_vpc(
      std::string("  - {name: web, ingress: [") + web_for_everyone +
      "], egress: [{protocol: tcp, ports: 1433, destination: {group: db}}, {protocol: tcp, ports: 3306, "
      "destination: {group: db}}, {protocol: tcp, ports: 80, destination: 0.0.0.0/0}, {protocol: tcp, ports: "
      "443, destination: 0.0.0.0/0}]}\n"
      "  - {name: db, ingress: [{protocol: tcp, ports: 1433, source: {group: web}}, {protocol: tcp, ports: "
      "3306, source: {group: web}}], egress: [{protocol: tcp, ports: 80, destination: 0.0.0.0/0}, {protocol: "
      "tcp, ports: 443, destination: 0.0.0.0/0}]}"));
  EXPECT_EQ(judge("tcp S 203.0.113.12:40000 > 10.0.1.10:443"), "NI+100 SI+new")
      << "not every port is open out";
  EXPECT_EQ(judge("tcp S 10.0.1.10:40000 > 10.0.2.10:3306"), "SO+new NO+100 NI+100 SI+new");
  EXPECT_EQ(judge("tcp S 10.0.1.10:40000 > 10.0.2.10:1433"), "SO+new NO+100 NI+100 SI+new");
  EXPECT_EQ(judge("tcp S 10.0.1.10:40000 > 10.0.2.10:22"), "SO-");
  EXPECT_EQ(judge("tcp S 10.0.1.11:40000 > 10.0.2.10:3306"), "SO+new NO+100 NI+100 SI-");
  EXPECT_EQ(judge("tcp S 10.0.2.10:40000 > 203.0.113.12:443"), "SO+new NO+100");
  EXPECT_EQ(judge("udp 10.0.2.10:40000 > 203.0.113.12:53"), "SO-");
}

}  // namespace
}  // namespace vpcwall

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "cli/lab/link_setup.h"

namespace vpcwall {
namespace {

using testing::HasSubstr;
using testing::Not;

LabPlan one_interface(const std::vector<const char*>& addresses) {
  Policy policy;
  policy.vpc.cidr = *parse_prefix("10.0.0.0/16");
  Subnet subnet;
  subnet.id = "subnet-a";
  subnet.cidr = *parse_prefix("10.0.1.0/24");
  policy.subnets = {subnet};
  Interface web;
  web.name = "web";
  web.subnet = "subnet-a";
  for (const char* address : addresses) web.addresses.push_back(*parse_prefix(address));
  policy.interfaces = {web};
  return make_lab_plan(policy, "lab");
}

TEST(LinkSetup, MakesEveryNamespaceOnce) {
  EXPECT_EQ(namespace_commands(one_interface({"10.0.1.10/32"})),
            "netns add vpcwall-lab-router\nnetns add vpcwall-lab-internet\nnetns add vpcwall-lab-web\n"
            "netns add vpcwall-lab-services\n");
}

TEST(LinkSetup, JoinsTheRouterToEachEndpointByOneVethPair) {
  const std::string commands = router_commands(one_interface({"10.0.1.10/32"}));
  EXPECT_THAT(commands, HasSubstr("link add vw1 address 02:76:77:01:00:01 type veth peer name eth0 address "
                                  "02:76:77:00:00:01 netns vpcwall-lab-web\n"));
  EXPECT_THAT(commands, HasSubstr("link set vw1 alias vpcwall-lab-web\n"));
  EXPECT_THAT(commands, HasSubstr("address add 10.0.1.1/32 dev vw1\n"));
}

TEST(LinkSetup, RoutesEachAddressToItsEndpointAndTheRestToTheInternet) {
  const std::string commands = router_commands(one_interface({"10.0.1.10/32", "10.0.1.32/28"}));
  EXPECT_THAT(commands,
              HasSubstr("neighbour add 169.254.0.2 lladdr 02:76:77:00:00:01 dev vw1 nud permanent\n"));
  EXPECT_THAT(commands, HasSubstr("route add 10.0.1.10/32 via 169.254.0.2 dev vw1 onlink\n"));
  EXPECT_THAT(commands, HasSubstr("route add 10.0.1.32/28 via 169.254.0.2 dev vw1 onlink\n"));
  EXPECT_THAT(commands, HasSubstr("route add blackhole 10.0.0.0/16\n"));
  EXPECT_THAT(commands, HasSubstr("route add 0.0.0.0/0 via 169.254.0.2 dev vw0 onlink\n"));
}

TEST(LinkSetup, GivesAnEndpointHostAddressesAndOneWayOut) {
  const std::string commands =
      endpoint_commands(one_interface({"10.0.1.10/32", "10.0.1.11/32"}).endpoints[1]);
  EXPECT_THAT(commands, HasSubstr("address add 10.0.1.10/32 dev eth0\n"));
  EXPECT_THAT(commands, HasSubstr("address add 10.0.1.11/32 dev eth0\n"));
  EXPECT_THAT(commands,
              HasSubstr("neighbour add 169.254.0.1 lladdr 02:76:77:01:00:01 dev eth0 nud permanent\n"));
  EXPECT_THAT(commands, HasSubstr("route add 0.0.0.0/0 via 169.254.0.1 dev eth0 onlink src 10.0.1.10\n"));
}

TEST(LinkSetup, MakesADelegatedPrefixLocalAndNeverASourceAddress) {
  const std::string commands = endpoint_commands(one_interface({"10.0.1.32/28"}).endpoints[1]);
  EXPECT_THAT(commands, HasSubstr("route add local 10.0.1.32/28 dev lo\n"));
  EXPECT_THAT(commands, HasSubstr("route add 0.0.0.0/0 via 169.254.0.1 dev eth0 onlink\n"));
  EXPECT_THAT(commands, Not(HasSubstr(" src ")));
}

TEST(LinkSetup, SpeaksOfIpv6OnlyWhenThePolicyDoes) {
  const LabPlan without = one_interface({"10.0.1.10/32"});
  EXPECT_THAT(router_commands(without) + endpoint_commands(without.endpoints[1]), Not(HasSubstr("::")));

  const LabPlan with = one_interface({"10.0.1.10/32", "2001:db8:1234:1a00::10/128"});
  EXPECT_THAT(router_commands(with),
              HasSubstr("route add 2001:db8:1234:1a00::10/128 via fe80::2 dev vw1 onlink\n"));
  EXPECT_THAT(router_commands(with), HasSubstr("route add ::/0 via fe80::2 dev vw0 onlink\n"));
  const std::string commands = endpoint_commands(with.endpoints[1]);
  EXPECT_THAT(commands, HasSubstr("address add 2001:db8:1234:1a00::10/128 dev eth0 nodad\n"));
  EXPECT_THAT(commands, HasSubstr("route add ::/0 via fe80::1 dev eth0 onlink src 2001:db8:1234:1a00::10\n"));
}

TEST(LinkSetup, ForwardsOnTheRouterOnly) {
  const auto value_of = [](const std::vector<KernelSetting>& settings, const std::string& path) {
    const auto found =
        std::find_if(settings.begin(), settings.end(), [&](const auto& s) { return s.path == path; });
    return found == settings.end() ? std::string{"(not set)"} : found->value;
  };
  EXPECT_EQ(value_of(router_settings(), "ipv4/ip_forward"), "1");
  EXPECT_EQ(value_of(router_settings(), "ipv6/conf/all/forwarding"), "1");
  EXPECT_EQ(value_of(router_settings(), "ipv4/conf/all/rp_filter"), "0");
  EXPECT_EQ(value_of(endpoint_settings(), "ipv4/ip_forward"), "0");
  EXPECT_EQ(value_of(endpoint_settings(), "ipv6/conf/all/forwarding"), "(not set)");
}

}  // namespace
}  // namespace vpcwall

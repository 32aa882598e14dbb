#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "cli/lab/plan.h"

namespace vpcwall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Prefix prefix(const char* text) { return *parse_prefix(text); }

Interface interface(const std::string& name, const std::string& subnet,
                    const std::vector<const char*>& addresses) {
  Interface made;
  made.id = "eni-" + name;
  made.name = name;
  made.subnet = subnet;
  for (const char* address : addresses) made.addresses.push_back(prefix(address));
  return made;
}

Policy two_subnets() {
  Policy policy;
  policy.vpc.cidr = prefix("10.0.0.0/16");
  Subnet a;
  a.id = "subnet-a";
  a.cidr = prefix("10.0.0.0/24");
  Subnet b;
  b.id = "subnet-b";
  b.cidr = prefix("10.0.1.0/24");
  policy.subnets = {a, b};
  policy.interfaces = {interface("web", "subnet-a", {"10.0.0.5/32"}),
                       interface("db", "subnet-b", {"10.0.1.5/32"})};
  return policy;
}

std::vector<std::string> texts(const std::vector<Prefix>& prefixes) {
  std::vector<std::string> result;
  result.reserve(prefixes.size());
  for (const Prefix& p : prefixes) result.push_back(to_string(p));
  return result;
}

TEST(LabPlan, HasANamespaceForEachInterfaceTheRouterTheInternetAndTheServices) {
  const LabPlan plan = make_lab_plan(two_subnets(), "lab");
  EXPECT_EQ(plan.router_namespace, "vpcwall-lab-router");
  ASSERT_EQ(plan.endpoints.size(), 4U);
  EXPECT_EQ(plan.endpoints[0].network_namespace, "vpcwall-lab-internet");
  EXPECT_EQ(plan.endpoints[0].interface, "");
  EXPECT_EQ(plan.endpoints[1].network_namespace, "vpcwall-lab-web");
  EXPECT_EQ(plan.endpoints[1].interface, "web");
  EXPECT_EQ(plan.endpoints[2].network_namespace, "vpcwall-lab-db");
  EXPECT_THAT(texts(plan.endpoints[2].addresses), ElementsAre("10.0.1.5/32"));
  EXPECT_EQ(services_of(plan), 3U);
  EXPECT_EQ(plan.endpoints[3].network_namespace, "vpcwall-lab-services");
  EXPECT_EQ(plan.endpoints[3].interface, "");
  EXPECT_THAT(texts(plan.endpoints[3].addresses),
              ElementsAre("169.254.169.253/32", "169.254.169.254/32", "169.254.169.123/32",
                          "169.254.170.2/32", "169.254.169.250/32", "169.254.169.251/32", "10.0.0.2/32"));
  EXPECT_THAT(texts(plan.vpc_ranges), ElementsAre("10.0.0.0/16"));
}

TEST(LabPlan, GivesEveryPairItsOwnDeviceAndItsOwnMacAddresses) {
  Policy policy = two_subnets();
  for (int i = 0; i < 400; ++i) {
    policy.interfaces.push_back(
        interface("a-rather-long-interface-name-" + std::to_string(i), "subnet-a", {"10.0.0.9/32"}));
  }
  const LabPlan plan = make_lab_plan(policy, "lab");
  std::set<std::string> devices;
  std::set<std::string> macs;
  for (const LabEndpoint& endpoint : plan.endpoints) {
    EXPECT_LE(endpoint.router_device.size(), 15U);  // what the kernel takes
    devices.insert(endpoint.router_device);
    macs.insert({endpoint.mac, endpoint.router_mac});
  }
  EXPECT_EQ(devices.size(), plan.endpoints.size());
  EXPECT_EQ(macs.size(), 2 * plan.endpoints.size());
}

struct NameCase {
  const char* description;
  std::vector<std::string> interfaces;
  std::vector<std::string> endpoints;
};

TEST(LabPlan, TurnsAnyInterfaceNameIntoAUniqueFileName) {
  const NameCase cases[] = {
      {"an ordinary name stays", {"web-1.a_b"}, {"web-1.a_b"}},
      {"what a shell or a path would read differently goes", {"a b/../c;$(d)"}, {"a-b-..-c---d-"}},
      {"names that become equal are told apart", {"a b", "a/b", "a-b"}, {"a-b", "a-b-2", "a-b-3"}},
      {"the lab's own names are taken",
       {"router", "internet", "services"},
       {"router-2", "internet-2", "services-2"}},
      {"a long name is cut", {std::string(300, 'x')}, {std::string(64, 'x')}},
      {"a nameless interface has its id", {""}, {"eni-"}},
  };
  for (const NameCase& example : cases) {
    Policy policy = two_subnets();
    policy.interfaces.clear();
    for (const std::string& name : example.interfaces) {
      policy.interfaces.push_back(interface(name, "subnet-a", {"10.0.0.5/32"}));
    }
    const LabPlan plan = make_lab_plan(policy, "lab");
    std::vector<std::string> names;
    for (std::size_t i = 1; i < services_of(plan); ++i) names.push_back(plan.endpoints[i].name);
    EXPECT_EQ(names, example.endpoints) << example.description;
  }
}

TEST(LabPlan, FindsAnEndpointByItsOwnNameBeforeThePolicysName) {
  Policy policy = two_subnets();
  policy.interfaces.push_back(interface("internet", "subnet-a", {"10.0.0.6/32"}));
  policy.interfaces.push_back(interface("a b", "subnet-a", {"10.0.0.7/32"}));
  const LabPlan plan = make_lab_plan(policy, "lab");
  ASSERT_NE(find_endpoint(plan, "internet"), nullptr);
  EXPECT_EQ(find_endpoint(plan, "internet")->interface, "");
  ASSERT_NE(find_endpoint(plan, "a b"), nullptr);
  EXPECT_EQ(find_endpoint(plan, "a b")->name, "a-b");
  EXPECT_EQ(find_endpoint(plan, "nobody"), nullptr);
  EXPECT_EQ(find_endpoint(plan, ""), nullptr);
}

TEST(LabPlan, PutsHostAddressesBeforeDelegatedPrefixes) {
  Policy policy = two_subnets();
  policy.interfaces = {interface("web", "subnet-a", {"10.0.0.16/28", "10.0.0.5/32", "10.0.0.55/32"})};
  const LabPlan plan = make_lab_plan(policy, "lab");
  EXPECT_THAT(texts(plan.endpoints[1].addresses), ElementsAre("10.0.0.5/32", "10.0.0.55/32", "10.0.0.16/28"));
}

TEST(LabPlan, GivesTheRouterBasePlusOneOfTheSubnetUnlessAnInterfaceHasIt) {
  Policy policy = two_subnets();
  policy.subnets[0].ipv6_cidr = prefix("2001:db8:1234:1a00::/64");
  policy.interfaces.push_back(interface("odd", "subnet-b", {"10.0.1.1/32"}));
  const LabPlan plan = make_lab_plan(policy, "lab");
  EXPECT_THAT(plan.endpoints[1].router_addresses,
              ElementsAre(*parse_address("10.0.0.1"), *parse_address("2001:db8:1234:1a00::1")));
  EXPECT_THAT(plan.endpoints[2].router_addresses, IsEmpty());
}

struct ClientCase {
  const char* description;
  const char* vpc;
  const char* vpc_ipv6;
  std::vector<std::string> client;
};

TEST(LabPlan, GivesTheInternetClientAddressesOutsideOfTheVpc) {
  const ClientCase cases[] = {
      {"IPv4 only", "10.0.0.0/16", nullptr, {"203.0.113.12/32", "198.51.100.77/32", "192.0.2.10/32"}},
      {"both families",
       "10.0.0.0/16",
       "2001:db8:1234:1a00::/56",
       {"203.0.113.12/32", "198.51.100.77/32", "192.0.2.10/32", "2001:db8:ffff::12/128"}},
      {"a VPC that has one of them", "203.0.113.0/24", nullptr, {"198.51.100.77/32", "192.0.2.10/32"}},
  };
  for (const ClientCase& example : cases) {
    Policy policy = two_subnets();
    policy.vpc.cidr = prefix(example.vpc);
    if (example.vpc_ipv6 != nullptr) policy.vpc.ipv6_cidr = prefix(example.vpc_ipv6);
    EXPECT_EQ(texts(make_lab_plan(policy, "lab").endpoints[0].addresses), example.client)
        << example.description;
  }
}

TEST(LabPlan, RefusesWhatNoLabCanBeMadeOf) {
  Policy nothing = two_subnets();
  nothing.interfaces.clear();
  EXPECT_THROW(static_cast<void>(make_lab_plan(nothing, "lab")), LabPlanError);
  Policy everything = two_subnets();
  everything.vpc.cidr = prefix("0.0.0.0/0");
  EXPECT_THROW(static_cast<void>(make_lab_plan(everything, "lab")), LabPlanError);
  Policy all_of_ipv6 = two_subnets();
  all_of_ipv6.vpc.ipv6_cidr = prefix("2001:db8::/32");
  EXPECT_THROW(static_cast<void>(make_lab_plan(all_of_ipv6, "lab")), LabPlanError);
}

TEST(LabPlan, TakesOnlyNamesThatAreHarmlessAsAFile) {
  for (const char* good : {"lab", "a", "7", "my-lab_2.x", "A2345678901234567890123456789012"}) {
    EXPECT_TRUE(is_lab_name(good)) << good;
  }
  for (const char* bad :
       {"", ".", "..", "-a", "a/b", "a b", "a\n", "caf\xc3\xa9", "A23456789012345678901234567890123"}) {
    EXPECT_FALSE(is_lab_name(bad)) << bad;
    EXPECT_THROW(static_cast<void>(make_lab_plan(two_subnets(), bad)), LabPlanError) << bad;
  }
}

}  // namespace
}  // namespace vpcwall

#include "reach/endpoints.h"

#include <gtest/gtest.h>

#include <array>

#include "policy/compile.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using test::ip;
using test::small_vpc;

struct Found {
  Policy policy;
  CompileContext context;
  std::shared_ptr<const CompiledPolicy> compiled;
  EndpointMap endpoints;

  explicit Found(Policy written) : policy(std::move(written)), compiled(compile(policy, context, 1)) {
    const std::array forms{PolicyForms{policy, *compiled}};
    endpoints = *find_endpoints(forms);
  }
  [[nodiscard]] std::string name_of(const char* address) const {
    return endpoints.all[endpoints.classes[*endpoints.class_of(ip(address))].endpoint].name;
  }
};

TEST(Endpoints, AreInterfacesAndTheInternet) {
  const Found found(small_vpc(""));
  EXPECT_EQ(found.endpoints.all.front().name, "internet");
  EXPECT_EQ(found.name_of("10.0.1.10"), "web");
  EXPECT_EQ(found.name_of("2001:db8:1:101::10"), "web");
  EXPECT_EQ(found.name_of("8.8.8.8"), "internet");
  EXPECT_EQ(found.name_of("2606:4700::1"), "internet");
  const auto web = found.endpoints.find("web");
  ASSERT_TRUE(web);
  EXPECT_EQ(found.endpoints.find(found.endpoints.all[*web].id), web);
  EXPECT_EQ(found.endpoints.addresses(found.endpoints.all[*web], Family::ipv4),
            (std::vector<AddressRange>{{ip("10.0.1.10"), ip("10.0.1.10")}}));
}

TEST(Endpoints, AnAddressBelongsToTheNarrowestRangeThatIsNamed) {
  const Found found(small_vpc(
      "  - {name: web, ingress: [{protocol: tcp, ports: 1, source: 203.0.113.0/24}, {protocol: tcp, "
      "ports: 2, source: 203.0.113.64/26}, {protocol: tcp, ports: 3, source: {prefix_list: office}}]}",
      "prefix_lists: [{name: office, entries: [{cidr: 203.0.113.80/28}, {cidr: 198.51.100.0/24}]}]\n"));
  EXPECT_EQ(found.name_of("203.0.113.1"), "203.0.113.0/24");
  EXPECT_EQ(found.name_of("203.0.113.65"), "203.0.113.64/26");
  EXPECT_EQ(found.name_of("203.0.113.81"), "office");
  EXPECT_EQ(found.name_of("198.51.100.7"), "office");
  EXPECT_EQ(found.name_of("203.0.114.1"), "internet");
}

TEST(Endpoints, WhatNoRuleInUseNamesIsNotToldApart) {
  const Found found(small_vpc(
      "  - {name: web}\n  - {name: idle, ingress: [{protocol: tcp, ports: 1, source: 203.0.113.0/24}]}",
      "network_acls:\n  - {name: spare, ingress: [{rule: 1, action: deny, protocol: all, cidr: "
      "192.0.2.0/24}]}\n"));
  EXPECT_EQ(found.name_of("203.0.113.1"), "internet");
  EXPECT_EQ(found.name_of("192.0.2.1"), "internet");
}

TEST(Endpoints, KeepApartWhatNoRuleDecides) {
  const Found found(small_vpc(""));
  const auto kind_of = [&found](const char* address) {
    return found.endpoints.all[found.endpoints.classes[*found.endpoints.class_of(ip(address))].endpoint].kind;
  };
  EXPECT_EQ(kind_of("10.0.1.77"), EndpointKind::unassigned);
  EXPECT_EQ(found.name_of("10.0.1.77"), "unassigned in public");
  EXPECT_EQ(found.name_of("10.0.99.1"), "unassigned in the VPC");
  EXPECT_EQ(kind_of("169.254.169.254"), EndpointKind::service);  // E-8
  EXPECT_EQ(kind_of("10.0.1.1"), EndpointKind::service);         // E-13
  EXPECT_EQ(kind_of("127.0.0.1"), EndpointKind::special);
  EXPECT_EQ(kind_of("ff02::1"), EndpointKind::special);
}

TEST(Endpoints, HaveNamesOfTheirOwn) {
  const Found found(test::policy_of(
      "version: 1\nvpc: {cidr: 10.0.0.0/16}\n"
      "prefix_lists: [{id: pl-0a, name: web, entries: [{cidr: 203.0.113.0/24}]}]\n"
      "security_groups: [{name: g, ingress: [{protocol: tcp, ports: 1, source: pl-0a}]}]\n"
      "subnets: [{name: s, cidr: 10.0.1.0/24}]\n"
      "interfaces:\n  - {name: web, subnet: s, addresses: [10.0.1.10], security_groups: [g]}\n"
      "  - {name: internet, subnet: s, addresses: [10.0.1.11], security_groups: [g]}\n"));
  EXPECT_EQ(found.name_of("10.0.1.10"), "web");
  EXPECT_EQ(found.name_of("203.0.113.7"), "pl-0a") << "the name belongs to the interface";
  EXPECT_EQ(found.name_of("10.0.1.11"), "internet");
  EXPECT_EQ(found.name_of("8.8.8.8"), "the internet");
}

TEST(Endpoints, WitnessesAreOfTheirClass) {
  const Found found(
      small_vpc("  - {name: web, ingress: [{protocol: tcp, ports: 1, source: 100.64.0.0/10}]}"));
  for (const AddressClass& one : found.endpoints.classes) EXPECT_TRUE(contains(one.ranges, one.witness));
  EXPECT_EQ(found.endpoints.classes[*found.endpoints.class_of(ip("8.8.8.8"))].witness, ip("203.0.113.12"))
      << "an address that people know as an example, where there is one";
  EXPECT_EQ(found.endpoints.classes[*found.endpoints.class_of(ip("100.65.0.0"))].witness, ip("100.64.0.1"));
}

TEST(Endpoints, OfTwoPoliciesKnowAnInterfaceByItsId) {
  const auto policy_with = [](const std::string& interfaces) {
    return test::policy_of(
        "version: 1\nvpc: {cidr: 10.0.0.0/16}\nsubnets: [{name: s, cidr: 10.0.1.0/24}]\n"
        "interfaces:\n" +
        interfaces);
  };
  const Policy before = policy_with(
      "  - {id: eni-0a, name: old, subnet: s, addresses: [10.0.1.10]}\n"
      "  - {id: eni-0b, name: gone, subnet: s, addresses: [10.0.1.11]}\n"
      "  - {id: eni-0c, name: giver, subnet: s, addresses: [10.0.1.12, 10.0.1.13]}\n");
  const Policy after = policy_with(
      "  - {id: eni-0a, name: new, subnet: s, addresses: [10.0.1.10]}\n"
      "  - {id: eni-0c, name: giver, subnet: s, addresses: [10.0.1.12]}\n"
      "  - {id: eni-0d, name: taker, subnet: s, addresses: [10.0.1.13]}\n");
  CompileContext context;
  const auto old_form = compile(before, context, 1), new_form = compile(after, context, 2);
  const std::array forms{PolicyForms{before, *old_form}, PolicyForms{after, *new_form}};
  const EndpointMap endpoints = *find_endpoints(forms);
  const auto class_at = [&endpoints](const char* address) -> const AddressClass& {
    return endpoints.classes[*endpoints.class_of(ip(address))];
  };
  EXPECT_EQ(endpoints.all[class_at("10.0.1.10").endpoint].name, "new");
  EXPECT_EQ(endpoints.all[class_at("10.0.1.11").endpoint].name, "gone");
  EXPECT_EQ(class_at("10.0.1.11").owners[1], no_interface);
  EXPECT_EQ(endpoints.all[class_at("10.0.1.13").endpoint].name, "giver, now taker");
}

}  // namespace
}  // namespace vpcwall

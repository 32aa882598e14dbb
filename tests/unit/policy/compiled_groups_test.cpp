#include "policy/compiled_groups.h"

#include <gtest/gtest.h>

#include "policy/compile.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

// `combinations` interfaces carry 16 of 20 groups each, of `rules` rules; no two carry the same.
Policy many_groups(std::size_t combinations, std::size_t rules) {
  Policy policy = test::small_vpc("  - {name: web}");
  policy.security_groups.clear();
  for (std::size_t i = 0; i < 20; ++i) {
    SecurityGroup group;
    group.id = "sg-" + std::to_string(i);
    group.name = "g" + std::to_string(i);
    for (std::size_t k = 0; k < rules; ++k) {
      SecurityGroupRule rule;
      rule.id = "sgr-" + std::to_string(i) + '-' + std::to_string(k);
      rule.traffic.protocol = Protocol::tcp;
      rule.traffic.ports = {static_cast<std::uint16_t>(k + 1), static_cast<std::uint16_t>(k + 1)};
      rule.peer = host_prefix(advance(test::ip("172.16.0.0"), static_cast<std::uint32_t>(i * 256 + k)));
      group.ingress.push_back(rule);
    }
    policy.security_groups.push_back(group);
  }
  const Interface model = policy.interfaces.front();
  policy.interfaces.clear();
  for (std::size_t i = 0; i < combinations; ++i) {
    Interface& interface = policy.interfaces.emplace_back(model);
    interface.id = "eni-" + std::to_string(i);
    interface.name = interface.id;
    interface.addresses = {host_prefix(advance(test::ip("10.0.1.10"), static_cast<std::uint32_t>(i)))};
    interface.security_groups.clear();
    // The order counts as well.
    for (std::size_t k = 0; k < 16; ++k)
      interface.security_groups.push_back("sg-" + std::to_string((i + k * (i / 20 % 9 * 2 + 1)) % 20));
  }
  return policy;
}

std::size_t rules_held(const CompiledPolicy& policy) {
  std::set<const GroupRules*> parts;
  for (const CompiledInterface& interface : policy.interfaces)
    for (const auto& part : interface.groups) parts.insert(part.get());
  std::size_t sum = 0;
  for (const GroupRules* part : parts)
    for (const auto& families : *part)
      for (const CompiledRules& list : families) sum += list.rules.size();
  return sum;
}

TEST(CompiledGroups, AreOnePartWhereThatIsSmall) {
  CompileContext context;
  const auto compiled = compile(many_groups(40, 10), context, 1);
  for (const CompiledInterface& interface : compiled->interfaces) EXPECT_EQ(interface.groups.size(), 1U);
}

TEST(CompiledGroups, AreSharedByInterfacesWithTheSameGroups) {
  Policy policy = many_groups(2, 10);
  policy.interfaces[1].security_groups = policy.interfaces[0].security_groups;
  CompileContext context;
  const auto compiled = compile(policy, context, 1);
  EXPECT_EQ(compiled->interfaces[0].groups, compiled->interfaces[1].groups);
}

// 3,000 interfaces with 16 groups of 60 rules would hold 2.9 million rules.
TEST(CompiledGroups, DoNotMultiplyWithTheInterfacesThatCombineThem) {
  CompileContext context;
  const auto compiled = compile(many_groups(3000, 60), context, 1);
  EXPECT_LE(rules_held(*compiled), CompiledGroups::most_multiplied + 20 * 60);
  EXPECT_EQ(compiled->interfaces.front().groups.size(), 1U);
}

TEST(CompiledGroups, AreAskedInTurnWhereOnePartWouldBeTooMuch) {
  CompileContext context;
  context.most_multiplied = 0;
  const auto compiled = compile(many_groups(40, 10), context, 1);
  EXPECT_EQ(rules_held(*compiled), 20U * 10U) << "each group once";
  const CompiledInterface& interface = compiled->interfaces[3];
  ASSERT_EQ(interface.groups.size(), 16U);
  std::vector<std::string> owners;
  interface.each_rule(Direction::ingress, Family::ipv4, [&](const CompiledRule& rule) {
    const std::string& owner = context.slots.identity(rule.slot).owner;
    if (owners.empty() || owners.back() != owner) owners.push_back(owner);
  });
  EXPECT_EQ(owners, many_groups(40, 10).interfaces[3].security_groups) << "in the order written";
}

TEST(CompiledGroups, NameTheSameSlotsInTheSameOrderEitherWay) {
  CompileContext one, other;
  other.most_multiplied = 0;
  EXPECT_EQ(active_slots(*compile(many_groups(40, 10), one, 1)),
            active_slots(*compile(many_groups(40, 10), other, 1)));
}

}  // namespace
}  // namespace vpcwall

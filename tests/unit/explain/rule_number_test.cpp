#include "explain/rule_number.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

std::vector<NetworkAclEntry> entries(std::initializer_list<std::uint16_t> numbers) {
  std::vector<NetworkAclEntry> all;
  for (const std::uint16_t number : numbers) all.emplace_back().number = number;
  return all;
}

TEST(FreeRuleNumber, GoesOnByTensBehindAllOthers) {
  EXPECT_EQ(free_rule_number({}, 0), 100);
  EXPECT_EQ(free_rule_number(entries({100}), 0), 110);
  EXPECT_EQ(free_rule_number(entries({200, 101, 7}), 0), 210);
  EXPECT_EQ(free_rule_number(entries({32760}), 0), 32761) << "32770 is no number (N-6)";
  EXPECT_EQ(free_rule_number(entries({32766}), 0), 16400) << "nothing is behind it, so in a gap";
}

TEST(FreeRuleNumber, StandsJustBeforeAnother) {
  EXPECT_EQ(free_rule_number(entries({100}), 100), 50);
  EXPECT_EQ(free_rule_number(entries({100, 200, 300}), 300), 250);
  EXPECT_EQ(free_rule_number(entries({100, 103}), 103), 102);
  EXPECT_EQ(free_rule_number(entries({100, 102}), 102), 101);
  EXPECT_EQ(free_rule_number(entries({50, 99, 100}), 100), 70) << "no gap there, so in the next one";
  EXPECT_EQ(free_rule_number(entries({2}), 2), 1);
}

TEST(FreeRuleNumber, IsNoneWhereAllBeforeAreTaken) {
  EXPECT_EQ(free_rule_number(entries({1}), 1), std::nullopt);
  EXPECT_EQ(free_rule_number(entries({3, 2, 1}), 3), std::nullopt);
}

}  // namespace
}  // namespace vpcwall

#include "policy/suppression_reader.h"

#include <gtest/gtest.h>

#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

const std::string vpc = "version: 1\nvpc: {cidr: 10.0.0.0/16}\n";

std::string all_of(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) text += to_string(diagnostic) + '\n';
  return text;
}

std::string mistakes_of(const std::string& lint) {
  const LoadedPolicy loaded = load_policy(vpc + lint, "p.yaml");
  EXPECT_FALSE(loaded.policy.has_value()) << lint;
  return all_of(loaded.diagnostics);
}

TEST(Suppressions, SayWhichFindingsAreAcceptedAndWhy) {
  const LoadedPolicy loaded =
      load_policy(vpc +
                      "lint:\n  suppress:\n"
                      "    - {check: VW004, object: public, rule: ingress 100, reason: for teaching}\n"
                      "    - {check: [EC2.18, EC2.19], reason: \"yes: 443\"}\n",
                  "p.yaml");
  ASSERT_TRUE(loaded.policy.has_value()) << all_of(loaded.diagnostics);
  const auto& all = loaded.policy->suppressions;
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].checks, std::vector<std::string>{"VW004"});
  EXPECT_EQ(all[0].object, "public");
  EXPECT_EQ(all[0].rule, "ingress 100");
  EXPECT_EQ(all[0].reason, "for teaching");
  EXPECT_EQ(all[0].at.line, 5U);
  EXPECT_EQ(all[0].at.column, 15U);
  EXPECT_EQ(all[1].checks, (std::vector<std::string>{"EC2.18", "EC2.19"}));
  EXPECT_EQ(all[1].object, "");
}

TEST(Suppressions, SurviveBeingWrittenAndReadAgain) {
  Policy policy = load_policy(vpc, "p.yaml").policy.value_or(Policy{});
  policy.suppressions = {{{"VW004"}, "", "", "- a: \"reason\"\nof two lines # with signs", {}},
                         {{"443", "null"}, "a b", "ingress 100", "~", {}}};
  const LoadedPolicy again = load_policy(emit_policy(policy), "again.yaml");
  ASSERT_TRUE(again.policy.has_value()) << emit_policy(policy) << all_of(again.diagnostics);
  EXPECT_EQ(*again.policy, policy);
  EXPECT_EQ(all_of(again.diagnostics), "");
}

TEST(Suppressions, NeedAReasonAndACheck) {
  EXPECT_EQ(mistakes_of("lint: {suppress: [{check: VW004}]}\n"),
            "p.yaml:3:19: error: found no key \"reason\" in a suppression, expected one\n");
  EXPECT_EQ(mistakes_of("lint: {suppress: [{check: VW004, reason: \"  \"}]}\n"),
            "p.yaml:3:42: error: found \"  \", expected why the finding is accepted\n");
  EXPECT_EQ(mistakes_of("lint: {suppress: [{reason: r}]}\n"),
            "p.yaml:3:19: error: found no key \"check\" in a suppression, expected one\n");
  EXPECT_EQ(mistakes_of("lint: {suppress: [{check: [], reason: r}]}\n"),
            "p.yaml:3:27: error: found an empty list of checks, expected at least one\n");
}

TEST(Suppressions, OfARuleNeedItsObject) {
  EXPECT_EQ(
      mistakes_of("lint: {suppress: [{check: VW004, rule: ingress 100, reason: r}]}\n"),
      "p.yaml:3:34: error: found a rule without the group or network ACL that it belongs to; add the key "
      "object\n");
}

TEST(Suppressions, HaveNoOtherKeys) {
  EXPECT_EQ(mistakes_of("lint: {supress: []}\n"),
            "p.yaml:3:8: error: found the unknown key \"supress\" in lint; did you mean "
            "\"suppress\"?\n");
}

}  // namespace
}  // namespace vpcwall

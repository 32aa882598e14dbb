#include "daemon/hooks/xt_hooks.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "support/hook_rules.h"
#include "support/network_namespace.h"

namespace vpcwall::test {
namespace {

// What is left of iptables: the legacy kind, for kernels without nf_tables. The nft kind only has to be able
// to take away what an earlier version left.
struct XtHooksTest : ::testing::TestWithParam<XtVariant> {
  RoutedPair lab;

  [[nodiscard]] std::string kind() const { return GetParam().is_legacy() ? "legacy" : "nft"; }
  [[nodiscard]] std::string saved(const NetworkNamespace& place,
                                  const std::string& family = "iptables") const {
    return run_in(place, {family + "-" + kind() + "-save", "-t", "security"});
  }
  // A legacy table exists from its first touch; only what comes after that can be compared.
  void touch(const NetworkNamespace& place) const {
    if (!GetParam().is_legacy()) return;
    for (const char* tool : {"iptables-legacy", "ip6tables-legacy"})
      run_in(place, {tool, "-t", "security", "-S"});
  }
  void install(const NetworkNamespace& place, const HookPlan& plan) const {
    const Inside inside(place);
    XtHooks(GetParam()).install(plan);
  }
  void remove(const NetworkNamespace& place) const {
    const Inside inside(place);
    XtHooks(GetParam()).remove();
  }
};

INSTANTIATE_TEST_SUITE_P(BothKinds, XtHooksTest, ::testing::ValuesIn(xt_variants), [](const auto& info) {
  return std::string(info.param.is_legacy() ? "Legacy" : "Nft");
});

TEST_P(XtHooksTest, LeavesAnEmptyRulesetAsItWas) {
  touch(lab.router);
  const std::string before = ruleset(lab.router);
  for (const HookPlan& plan : {router_plan(), router_plan(3, 4), host_plan()}) {
    install(lab.router, plan);
    EXPECT_NE(ruleset(lab.router), before);
    remove(lab.router);
    EXPECT_EQ(ruleset(lab.router), before);
  }
}

TEST_P(XtHooksTest, LeavesForeignRulesAsTheyWere) {
  add_foreign_rules(lab.router, kind());
  const std::string before = ruleset(lab.router);
  install(lab.router, router_plan());
  install(lab.router, host_plan());
  install(lab.router, router_plan(5, 2));
  const std::string during = ruleset(lab.router);
  EXPECT_EQ(occurrences(during, "not yours"), 2U);
  remove(lab.router);
  EXPECT_EQ(ruleset(lab.router), before);
}

TEST_P(XtHooksTest, KeepsForeignRulesThatWereAddedMeanwhile) {
  install(lab.router, router_plan());
  add_foreign_rules(lab.router, kind());
  remove(lab.router);
  const std::string after = ruleset(lab.router);
  EXPECT_EQ(occurrences(after, "not yours"), 2U);
  EXPECT_EQ(occurrences(after, "VPCWALL-"), 0U);
}

TEST_P(XtHooksTest, InstallsTheSameRulesTwiceWithoutDoublingThem) {
  const Inside inside(lab.router);
  XtHooks hooks(GetParam());
  hooks.install(router_plan(0, 2));
  const std::string once = ruleset(lab.router);
  hooks.install(router_plan(0, 2));
  EXPECT_EQ(ruleset(lab.router), once);
  EXPECT_EQ(occurrences(saved(lab.router), "-A FORWARD -j VPCWALL-FORWARD"), 1U);
}

TEST_P(XtHooksTest, JumpsAheadOfEveryOtherRule) {
  add_foreign_rules(lab.router, kind());
  install(lab.router, router_plan());
  const std::string rules = saved(lab.router);
  EXPECT_LT(rules.find("-A FORWARD -j VPCWALL-FORWARD"), rules.find("-A FORWARD -p udp"));
}

TEST_P(XtHooksTest, ReplacesOnePlanByAnother) {
  install(lab.router, host_plan(3));
  install(lab.router, router_plan(8));
  for (const char* family : {"iptables", "ip6tables"}) {
    const std::string rules = saved(lab.router, family);
    EXPECT_EQ(occurrences(rules, "VPCWALL-INPUT"), 0U) << rules;
    EXPECT_EQ(occurrences(rules, "VPCWALL-OUTPUT"), 0U) << rules;
    EXPECT_EQ(occurrences(rules, "--queue-num 3"), 0U) << rules;
    EXPECT_EQ(occurrences(rules, "--queue-num 8"), 1U) << rules;
  }
}

TEST_P(XtHooksTest, TakesAwayAFamilyThatThePlanNoLongerGuards) {
  install(lab.router, router_plan());
  HookPlan plan = router_plan();
  plan.guarded.pop_back();
  install(lab.router, plan);
  EXPECT_EQ(occurrences(saved(lab.router, "ip6tables"), "VPCWALL"), 0U);
  EXPECT_EQ(occurrences(saved(lab.router, "iptables"), "-A FORWARD -j VPCWALL-FORWARD"), 1U);
}

TEST_P(XtHooksTest, ReplacesAndRemovesWhatAKilledProcessLeft) {
  touch(lab.router);
  const std::string before = ruleset(lab.router);
  const pid_t child = fork();
  if (child == 0) {
    install(lab.router, router_plan(40));
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_EQ(occurrences(saved(lab.router), "--queue-num 40"), 1U);

  install(lab.router, router_plan(41));
  EXPECT_EQ(occurrences(saved(lab.router), "--queue-num 40"), 0U);
  EXPECT_EQ(occurrences(saved(lab.router), "--queue-num 41"), 1U);
  EXPECT_EQ(occurrences(saved(lab.router), "-A FORWARD -j VPCWALL-FORWARD"), 1U);
  remove(lab.router);
  EXPECT_EQ(ruleset(lab.router), before);
}

// Somebody else has removed our rules, and the tool for one family does not work any more.
TEST_P(XtHooksTest, InstallsOneFamilyAgainThoughTheOtherFails) {
  std::string tool(GetParam().ipv6);
  XtVariant variant = GetParam();
  variant.ipv6 = tool;  // a view: the name changes under it
  const Inside inside(lab.router);
  XtHooks hooks(variant);
  hooks.install(router_plan());
  run_in(lab.router, {"iptables-" + kind(), "-t", "security", "-F"});
  run_in(lab.router, {"iptables-" + kind(), "-t", "security", "-X"});
  tool.assign(tool.size(), 'x');
  EXPECT_THROW(hooks.install(router_plan()), std::runtime_error);
  EXPECT_NE(saved(lab.router).find("VPCWALL-"), std::string::npos);
  tool = GetParam().ipv6;
  hooks.remove();
}

TEST_P(XtHooksTest, StartsWithBothFamiliesOrWithNone) {
  touch(lab.router);
  const std::string before = ruleset(lab.router);
  XtVariant variant = GetParam();
  variant.ipv6 = "no-such-tool";
  const Inside inside(lab.router);
  EXPECT_THROW(XtHooks(variant).install(router_plan()), std::runtime_error);
  EXPECT_EQ(ruleset(lab.router), before);
}

TEST_P(XtHooksTest, RemovesNothingWhereNothingIsInstalled) {
  const std::string before = ruleset(lab.router);
  remove(lab.router);
  EXPECT_EQ(ruleset(lab.router), before);
}

TEST_P(XtHooksTest, ProbesWithoutLeavingATrace) {
  touch(lab.router);
  const std::string before = ruleset(lab.router);
  const Inside inside(lab.router);
  EXPECT_EQ(XtHooks(GetParam()).refusal(), "");
  EXPECT_EQ(ruleset(lab.router), before);
}

TEST_P(XtHooksTest, ProbingDoesNotDisturbLiveRules) {
  install(lab.router, router_plan(2));
  const std::string before = ruleset(lab.router);
  const Inside inside(lab.router);
  EXPECT_EQ(XtHooks(GetParam()).refusal(), "");
  EXPECT_EQ(ruleset(lab.router), before);
}

}  // namespace
}  // namespace vpcwall::test

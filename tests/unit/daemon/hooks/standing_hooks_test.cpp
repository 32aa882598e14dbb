#include "daemon/hooks/standing_hooks.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

namespace vpcwall {
namespace {

// A ruleset in memory: each installation writes the plan's rules anew.
struct Ruleset {
  StandingRules standing;
  int installations = 0;
  std::string
      removed_at_once;  // what somebody makes of the rules before anybody looks; "none": nothing is left
  bool readable = true;
};

class InMemory : public HookInstaller {
 public:
  explicit InMemory(Ruleset& ruleset) : ruleset_(ruleset) {}
  void install(const HookPlan& plan) override {
    if (plan.guarded.empty()) throw std::invalid_argument("nothing to guard");
    ++ruleset_.installations;
    ruleset_.standing = {"rules for " + to_string(plan.guarded.front()),
                         std::to_string(ruleset_.installations)};
    const std::string changed = std::exchange(ruleset_.removed_at_once, {});
    if (changed == "none")
      ruleset_.standing = {};
    else if (!changed.empty())
      ruleset_.standing.rules = changed;
  }
  void remove() override { ruleset_.standing = {}; }
  [[nodiscard]] std::string fast_path_refusal() override { return {}; }
  [[nodiscard]] StandingRules standing() override {
    if (!ruleset_.readable) throw std::runtime_error("no");
    return ruleset_.standing;
  }
  [[nodiscard]] std::string_view backend() const noexcept override { return "memory"; }

 private:
  Ruleset& ruleset_;
};

HookPlan plan_for(const char* range) {
  HookPlan plan;
  plan.guarded = {*parse_prefix(range)};
  return plan;
}

struct StandingHooksTest : ::testing::Test {
  Ruleset ruleset;
  StandingHooks hooks{std::make_unique<InMemory>(ruleset)};
  HookPlan plan = plan_for("10.0.0.0/16");
};

TEST_F(StandingHooksTest, StandAsTheyWereInstalled) {
  EXPECT_FALSE(hooks.hold(HookPlan{})) << "nothing is installed";
  hooks.install(plan);
  EXPECT_TRUE(hooks.hold(plan));
  EXPECT_TRUE(hooks.stand());
  EXPECT_FALSE(hooks.hold(plan_for("10.1.0.0/16")));
  hooks.install(plan_for("10.1.0.0/16"));
  EXPECT_FALSE(hooks.hold(plan));
  EXPECT_EQ(ruleset.installations, 2);
  EXPECT_TRUE(hooks.stand());
  EXPECT_EQ(hooks.installed_again(), 0U);
}

TEST_F(StandingHooksTest, DoNotStandWhenARuleIsGoneNewOrOther) {
  for (const StandingRules& found : {StandingRules{}, StandingRules{"other rules", "1"}}) {
    hooks.install(plan);
    ruleset.standing = found;
    EXPECT_FALSE(hooks.stand());
    hooks.install_again();
    EXPECT_TRUE(hooks.stand());
  }
  ruleset.standing.identities = "9";  // written anew by somebody
  EXPECT_FALSE(hooks.stand());
  EXPECT_EQ(hooks.installed_again(), 2U);
}

TEST_F(StandingHooksTest, DoNotStandWhenTheyWereGoneBeforeAnybodyLooked) {
  ruleset.removed_at_once = "none";
  hooks.install(plan);
  EXPECT_FALSE(hooks.stand());
  hooks.install_again();
  EXPECT_TRUE(hooks.stand());
}

TEST_F(StandingHooksTest, DoNotStandWhenTheyWereChangedAgainBeforeAnybodyLooked) {
  hooks.install(plan);
  ruleset.standing = {};
  for (const char* left : {"none", "half of the rules"}) {
    ruleset.removed_at_once = left;
    hooks.install_again();
    EXPECT_FALSE(hooks.stand()) << left;
  }
  hooks.install_again();
  EXPECT_TRUE(hooks.stand());
  EXPECT_EQ(hooks.installed_again(), 3U);
}

TEST_F(StandingHooksTest, AreLeftAloneWhereTheyCannotBeRead) {
  ruleset.readable = false;
  hooks.install(plan);
  EXPECT_TRUE(hooks.stand());
  ruleset.readable = true;
  EXPECT_TRUE(hooks.stand()) << "nobody knows what it should be";
}

TEST_F(StandingHooksTest, KeepThePlanThatCouldBeInstalled) {
  hooks.install(plan);
  EXPECT_THROW(hooks.install(HookPlan{}), std::invalid_argument);
  EXPECT_EQ(hooks.plan(), plan);
  EXPECT_TRUE(hooks.stand());
  hooks.remove();
  EXPECT_FALSE(hooks.are_installed());
}

}  // namespace
}  // namespace vpcwall

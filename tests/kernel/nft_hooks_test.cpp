#include "daemon/hooks/nft_hooks.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <stdexcept>
#include <vector>

#include "daemon/fast_path/kernel_fast_path.h"
#include "support/hook_rules.h"
#include "support/network_namespace.h"
#include "support/traffic.h"

namespace vpcwall::test {
namespace {

// With each of the two ways to a queue that the kernel has.
struct NftHooksTest : ::testing::TestWithParam<QueueVerdict> {
  RoutedPair lab;

  [[nodiscard]] static std::unique_ptr<NftHooks> make(bool may_own = true) {
    return std::make_unique<NftHooks>(GetParam(), may_own);
  }
  [[nodiscard]] std::string tables() const { return run_in(lab.router, {"nft", "list", "tables"}); }
  // As somebody else would.
  void run(const std::string& command) const { run_in(lab.router, {"sh", "-c", command + " || true"}); }
};

// Those that this kernel has; the bridge to NFQUEUE is everywhere that these tests run.
std::vector<QueueVerdict> supported() {
  try {
    if (NftHooks(QueueVerdict::expression).refusal().empty())
      return {QueueVerdict::expression, QueueVerdict::target};
  } catch (const std::system_error&) {  // no right to ask: the tests fail then, and say so
  }
  return {QueueVerdict::target};
}

INSTANTIATE_TEST_SUITE_P(All, NftHooksTest, ::testing::ValuesIn(supported()), [](const auto& info) {
  return info.param == QueueVerdict::expression ? "Queue" : "Nfqueue";
});

HookPlan gated_plan() {
  HookPlan plan = host_plan();
  plan.devices = {"server_side"};
  plan.device_indexes = {0};
  return plan;
}

TEST_P(NftHooksTest, LeaveTheRulesetAsItWas) {
  add_foreign_rules(lab.router, "nft");
  const std::string before = ruleset(lab.router);
  HookPlan both = router_plan(3, 4);
  both.devices = {"server_side"};
  HookPlan bypassing = host_plan();
  bypassing.bypass = {{Protocol::tcp, 22}, {Protocol::udp, 51'820}};  // E-26
  const Inside inside(lab.router);
  const auto hooks = make();
  for (const HookPlan& plan : {router_plan(), host_plan(), bypassing, both, both, gated_plan()}) {
    hooks->install(plan);
    EXPECT_EQ(occurrences(tables(), " vpcwall"), 2U);
    EXPECT_EQ(occurrences(ruleset(lab.router), "not yours"), 2U);
  }
  hooks->remove();
  EXPECT_EQ(ruleset(lab.router), before);
  hooks->remove();
  EXPECT_EQ(ruleset(lab.router), before);
}

TEST_P(NftHooksTest, AreSeenByNoToolOfIptables) {
  const std::string before = run_in(lab.router, {"iptables-nft-save"});
  const Inside inside(lab.router);
  make()->install(host_plan());
  EXPECT_EQ(run_in(lab.router, {"iptables-nft-save"}), before);
}

TEST_P(NftHooksTest, ReplaceOnePlanByAnother) {
  const Inside inside(lab.router);
  const auto hooks = make();
  hooks->install(host_plan(3));
  hooks->install(router_plan(8));
  const std::string chains = run_in(lab.router, {"nft", "list", "chains"});
  EXPECT_EQ(occurrences(chains, "chain arriving"), 0U) << chains;
  EXPECT_EQ(occurrences(chains, "chain forward"), 2U) << chains;
  HookPlan plan = router_plan(8);
  plan.guarded.pop_back();
  hooks->install(plan);
  EXPECT_EQ(occurrences(tables(), " vpcwall"), 1U) << "a family that is no longer guarded";
}

TEST_P(NftHooksTest, SayWhatStandsAndWhenItDoesNot) {
  const Inside inside(lab.router);
  const auto hooks = make(false);
  EXPECT_EQ(hooks->standing(), StandingRules{});
  hooks->install(router_plan());
  const StandingRules whole = hooks->standing();
  EXPECT_FALSE(whole.rules.empty());
  EXPECT_EQ(hooks->standing(), whole);
  for (const std::string command :
       {"nft flush chain ip vpcwall enqueue", "nft delete table ip6 vpcwall", "nft flush ruleset",
        "nft add rule ip vpcwall forward accept",
        "nft replace rule ip vpcwall forward handle $(nft -a list chain ip vpcwall forward | "
        "sed -n 's/.*saddr.*handle //p') accept",
        "nft insert rule ip6 vpcwall forward accept", "nft add table ip vpcwall '{ flags dormant; }'"}) {
    run(command);
    EXPECT_NE(hooks->standing(), whole) << command;
    hooks->install(router_plan());
    EXPECT_EQ(hooks->standing().rules, whole.rules) << command;
  }
  run("nft add table ip somebody; nft add chain ip somebody c");
  const StandingRules again = hooks->standing();
  run("nft flush table ip somebody; nft delete table ip somebody");
  EXPECT_EQ(hooks->standing(), again);
  hooks->remove();
}

TEST_P(NftHooksTest, AreKeptFromOthersWhereTheKernelLetsThemBeOwned) {
  const Inside inside(lab.router);
  const auto hooks = make();
  if (!hooks->owns()) return;  // Linux before 6.9
  hooks->install(router_plan());
  const StandingRules whole = hooks->standing();
  for (const std::string command : {"nft flush ruleset", "nft delete table ip vpcwall",
                                    "nft flush chain ip vpcwall enqueue", "iptables-nft -t security -F"}) {
    run(command);
    EXPECT_EQ(hooks->standing(), whole) << command;
  }
  hooks->remove();
}

TEST_P(NftHooksTest, StayWhenTheirProcessIsKilledAndAreTakenOver) {
  const std::string before = ruleset(lab.router);
  for (const bool may_own : {true, false}) {
    const pid_t child = fork();
    if (child == 0) {
      const Inside inside(lab.router);
      make(may_own)->install(router_plan(40));
      raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    ASSERT_EQ(occurrences(tables(), " vpcwall"), 2U);
    const Inside inside(lab.router);
    const UdpSocket client(lab.client, "10.9.1.1", 4000);
    const UdpSocket server(lab.server, "10.9.2.1", 5000);
    client.send("unjudged", endpoint("10.9.2.1", 5000));
    // With an owner or without: the next one may want it otherwise.
    const auto hooks = make(!may_own);
    hooks->install(router_plan(41));
    {
      const QueueReader reader(lab.router, {.number = 41});
      client.send("judged", endpoint("10.9.2.1", 5000));
      EXPECT_EQ(server.receive(), "judged");
    }
    hooks->remove();
    EXPECT_EQ(ruleset(lab.router), before);
  }
}

TEST_P(NftHooksTest, TakeAwayTheTableOfAnEarlierVersion) {
  run("nft add table inet vpcwall; nft add chain inet vpcwall enqueue");
  const Inside inside(lab.router);
  make()->install(router_plan());
  EXPECT_EQ(occurrences(tables(), "inet vpcwall"), 0U);
}

TEST_P(NftHooksTest, ConsultProgramsThatNeedTheirNamesNoLonger) {
  const std::string before = ruleset(lab.router);
  const Inside inside(lab.router);
  const auto hooks = make();
  ASSERT_EQ(hooks->fast_path_refusal(), "");
  HookPlan plan = router_plan();
  plan.devices = {"server_side", "client_side"};
  KernelFastPath fast_path({64, 64, 1024}, 3);
  plan.fast_path = FastPathRules{fast_path.folder(), {std::uint16_t{1}, std::nullopt}};
  {
    const auto names = fast_path.pin();
    hooks->install(plan);
  }
  EXPECT_FALSE(hooks->standing().rules.empty());
  hooks->install(router_plan());
  const auto names = fast_path.pin();
  hooks->install(plan);
  hooks->remove();
  EXPECT_EQ(ruleset(lab.router), before);
}

TEST_P(NftHooksTest, SayWhichProgramIsNotThere) {
  const Inside inside(lab.router);
  const auto hooks = make();
  hooks->install(router_plan());
  const StandingRules whole = hooks->standing();
  HookPlan plan = router_plan();
  plan.devices = {"server_side"};
  plan.fast_path = FastPathRules{"/sys/fs/bpf/nobody", {std::uint16_t{1}}};
  EXPECT_THROW(hooks->install(plan), std::system_error);
  EXPECT_EQ(hooks->standing(), whole) << "what was installed before is still";
  hooks->remove();
}

TEST_P(NftHooksTest, AskTheKernelWithoutLeavingATrace) {
  const Inside inside(lab.router);
  const std::string before = ruleset(lab.router);
  EXPECT_EQ(make()->refusal(), "");
  EXPECT_EQ(ruleset(lab.router), before);
  make()->install(router_plan(2));
  const std::string during = ruleset(lab.router);
  EXPECT_EQ(make()->refusal(), "");
  EXPECT_EQ(ruleset(lab.router), during);
}

TEST_P(NftHooksTest, DropFramesAtTheirDevice) {
  const Inside inside(lab.router);
  const auto hooks = make();
  HookPlan plan = gated_plan();
  plan.gates = {{"server_side", 0, {2, 0, 0, 0, 9, 9}, false, "is a port of bridge br0"}};
  hooks->install(plan);
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, "10.9.2.1", 5000);
  client.send("closed", endpoint("10.9.2.1", 5000));
  EXPECT_TRUE(eventually([&] { return hooks->dropped_at_gates() > 0; }));
  EXPECT_FALSE(server.has_datagram());
  hooks->remove();
}

TEST(NftHooks, SayWhatTheKernelRefused) {
  const RoutedPair lab;
  const Inside inside(lab.router);
  NftHooks hooks(QueueVerdict::expression);
  const std::string refusal = hooks.refusal();
  if (refusal.empty()) return;  // a kernel that has it
  EXPECT_NE(refusal.find("cannot queue packets"), std::string::npos) << refusal;
  EXPECT_THROW(hooks.install(router_plan()), std::runtime_error);
  EXPECT_THROW(make_hook_installer(HookBackend::nft), std::runtime_error);
}

}  // namespace
}  // namespace vpcwall::test

#include "daemon/hooks/nft_hooks.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "daemon/fast_path/kernel_fast_path.h"
#include "daemon/hooks/nft_objects.h"
#include "daemon/hooks/nft_program_rules.h"
#include "daemon/hooks/nft_rules.h"
#include "daemon/hooks/nft_session.h"
#include "support/hook_rules.h"
#include "support/network_namespace.h"
#include "support/traffic.h"

namespace vpcwall::test {
namespace {

// Where the kernel has nft's queue expression the real thing is installed; where not, the same rules with
// another last word. Everything but that word is then still proved: syntax, hooks, reassembly, removal.
struct NftHooksTest : ::testing::Test {
  RoutedPair lab;

  static bool is_supported() { return NftHooks::refusal().empty(); }
  void install(const HookPlan& plan) const {
    const Inside inside(lab.router);
    if (is_supported()) {
      NftHooks().install(plan);
      return;
    }
    const NftResult result = NftSession().run(render_nft(plan, "counter accept", nft_inet_chains(nft_table)));
    ASSERT_TRUE(result.ok) << result.errors;
    insert_nft_program_rules(nft_program_rules(plan));
  }
  void remove() const {
    const Inside inside(lab.router);
    NftHooks().remove();
  }
};

TEST_F(NftHooksTest, LeavesTheRulesetAsItWas) {
  add_foreign_rules(lab.router, "nft");
  const std::string before = ruleset(lab.router);
  HookPlan both = router_plan(3, 4);
  both.devices = {"server_side"};
  HookPlan bypassing = host_plan();
  bypassing.bypass = {{Protocol::tcp, 22}, {Protocol::udp, 51'820}};  // E-26
  for (const HookPlan& plan : {router_plan(), host_plan(), bypassing, both, both}) {
    install(plan);
    EXPECT_EQ(occurrences(ruleset(lab.router), "table inet vpcwall"), 1U);
  }
  remove();
  EXPECT_EQ(ruleset(lab.router), before);
  remove();
  EXPECT_EQ(ruleset(lab.router), before);
}

// iptables-nft writes such rules as well; this kernel's nftables takes them in a table of any family.
TEST_F(NftHooksTest, ConsultProgramsThatNeedTheirNamesNoLonger) {
  const std::string before = ruleset(lab.router);
  ASSERT_EQ(NftHooks().fast_path_refusal(), "");
  HookPlan plan = router_plan();
  plan.devices = {"server_side", "client_side"};
  KernelFastPath fast_path({64, 64, 1024}, 3);
  plan.fast_path = FastPathRules{fast_path.folder(), {std::uint16_t{1}, std::nullopt}};
  {
    const auto names = fast_path.pin();
    install(plan);
  }
  const std::string during = run_in(lab.router, {"nft", "list", "table", "inet", "vpcwall"});
  EXPECT_EQ(occurrences(during, "xt match bpf accept"), 2U) << during;
  EXPECT_EQ(occurrences(during, "xt match bpf drop"), 2U) << during;
  install(router_plan());
  EXPECT_EQ(occurrences(ruleset(lab.router), "xt match"), 0U);
  const auto names = fast_path.pin();
  install(plan);
  remove();
  EXPECT_EQ(ruleset(lab.router), before);
}

TEST_F(NftHooksTest, SayWhichProgramIsNotThere) {
  HookPlan plan = router_plan();
  plan.devices = {"server_side"};
  plan.fast_path = FastPathRules{"/sys/fs/bpf/nobody", {std::uint16_t{1}}};
  EXPECT_THROW(install(plan), std::system_error);
  remove();
}

TEST_F(NftHooksTest, ReassemblesFragmentsOfBothFamilies) {
  install(router_plan());
  run_in(lab.router, {"nft", "-f", "-"},
         "table inet probe {\n counter pieces { }\n counter ipv4 { }\n counter ipv6 { }\n chain c {\n"
         " type filter hook forward priority filter; policy accept;\n"
         " ip frag-off & 0x3fff != 0 counter name pieces\n"
         " ip length 4028 counter name ipv4\n ip6 length 4008 counter name ipv6\n }\n}\n");
  const Inside inside(lab.router);
  const std::unique_ptr<QueueReader> reader =
      is_supported() ? std::make_unique<QueueReader>(lab.router, QueueSettings{}) : nullptr;
  const UdpSocket client_ipv4(lab.client, "10.9.1.1", 4000), client_ipv6(lab.client, "fd09:1::1", 4000);
  const UdpSocket server_ipv4(lab.server, "10.9.2.1", 5000), server_ipv6(lab.server, "fd09:2::1", 5000);
  const std::string data(4000, 'x');
  client_ipv4.send(data, endpoint("10.9.2.1", 5000));
  EXPECT_EQ(server_ipv4.receive(), data);
  client_ipv6.send(data, endpoint("fd09:2::1", 5000));
  EXPECT_EQ(server_ipv6.receive(), data);
  const std::string counters = run_in(lab.router, {"nft", "list", "counters", "table", "inet", "probe"});
  EXPECT_EQ(occurrences(counters, "packets 0 bytes 0"), 1U) << counters;
  EXPECT_EQ(occurrences(counters, "packets 1 bytes 4028"), 1U) << counters;
  EXPECT_EQ(occurrences(counters, "packets 1 bytes 4048"), 1U) << counters;
}

TEST_F(NftHooksTest, SaysWhatTheKernelRefused) {
  const Inside inside(lab.router);
  if (is_supported()) {
    EXPECT_NO_THROW(NftHooks().install(router_plan()));
    return;
  }
  const std::string before = ruleset(lab.router);
  EXPECT_NE(NftHooks::refusal().find("cannot queue packets"), std::string::npos) << NftHooks::refusal();
  EXPECT_THROW(NftHooks().install(router_plan()), std::runtime_error);
  EXPECT_THROW(make_hook_installer(HookBackend::nft), std::runtime_error);
  EXPECT_EQ(ruleset(lab.router), before);
}

}  // namespace
}  // namespace vpcwall::test

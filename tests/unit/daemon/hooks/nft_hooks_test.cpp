#include "daemon/hooks/nft_hooks.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

TEST(NftHooksTest, RendersARouterWithSeveralQueuesThatFailsOpen) {
  HookPlan plan;
  plan.guarded = {*parse_prefix("10.0.0.0/16"), *parse_prefix("2001:db8:1234:1a00::/56")};
  plan.devices = {"eth1"};
  plan.first_queue = 4;
  plan.queue_count = 8;
  plan.fail_open = true;
  EXPECT_EQ(render_nft(plan), R"(add table inet vpcwall
delete table inet vpcwall
table inet vpcwall {
  chain reassemble {
    meta l4proto udp tproxy to :1
  }
  chain enqueue {
    queue flags bypass to symhash mod 8 offset 4
  }
  chain forward {
    type filter hook forward priority security; policy accept;
    ip saddr 10.0.0.0/16 goto enqueue
    ip daddr 10.0.0.0/16 goto enqueue
    ip6 saddr 2001:db8:1234:1a00::/56 goto enqueue
    ip6 daddr 2001:db8:1234:1a00::/56 goto enqueue
    iifname "eth1" goto enqueue
    oifname "eth1" goto enqueue
  }
}
)");
}

TEST(NftHooksTest, RendersAHostWithOneQueueThatFailsClosed) {
  HookPlan plan;
  plan.mode = HookMode::host;
  plan.guarded = {*parse_prefix("10.0.0.0/16")};
  plan.devices = {"eth0", "eth1"};
  plan.first_queue = 7;
  plan.bypass = {{Protocol::tcp, 22}, {Protocol::udp, 51'820}};  // E-26
  EXPECT_EQ(render_nft(plan), R"(add table inet vpcwall
delete table inet vpcwall
table inet vpcwall {
  chain reassemble {
    meta l4proto udp tproxy to :1
  }
  chain enqueue {
    queue to 7
  }
  chain input {
    type filter hook input priority security; policy accept;
    tcp dport 22 return
    udp dport 51820 return
    icmpv6 type 133-137 return
    iifname "eth0" goto enqueue
    iifname "eth1" goto enqueue
  }
  chain output {
    type filter hook output priority security; policy accept;
    tcp sport 22 return
    udp sport 51820 return
    icmpv6 type 133-137 return
    oifname "eth0" goto enqueue
    oifname "eth1" goto enqueue
  }
}
)");
}

// The class that a mark names is that of the device by which the packet has to leave; the second device has
// none.
TEST(NftHooksTest, RendersARouterThatGoesByMarks) {
  HookPlan plan;
  plan.guarded = {*parse_prefix("10.0.0.0/16")};
  plan.devices = {"eth1", "eth2"};
  plan.fast_path = FastPathRules{"/unused", {1, std::nullopt}, ArrivalMarks{16, {2, 3, 4}, {3, 4}}};
  EXPECT_EQ(render_nft(plan), R"(add table inet vpcwall
delete table inet vpcwall
table inet vpcwall {
  chain reassemble {
    meta l4proto udp tproxy to :1
  }
  chain enqueue {
    queue to 0
  }
  chain pass {
    meta mark set meta mark & 0xff00ffff accept
  }
  chain pass-0 {
    oif != { 3, 4 } goto pass
  }
  chain refuse-0 {
    oif != { 3, 4 } drop
  }
  chain pass-1 {
    oif 3 goto pass
  }
  chain refuse-1 {
    oif 3 drop
  }
  chain answered {
    iif != { 2, 3, 4 } meta mark set meta mark & 0xff00ffff return
    meta mark & 0x00ff0000 vmap { 0x00010000 : goto pass-0, 0x00800000 : goto refuse-0, 0x00020000 : goto pass-1, 0x00810000 : goto refuse-1 }
  }
  chain forward {
    type filter hook forward priority security; policy accept;
    meta mark & 0x00ff0000 != 0 jump answered
    ip saddr 10.0.0.0/16 goto enqueue
    ip daddr 10.0.0.0/16 goto enqueue
    iifname "eth1" goto enqueue
    oifname "eth1" goto enqueue
    iifname "eth2" goto enqueue
    oifname "eth2" goto enqueue
  }
}
)");
}

// What leaves a host has passed no device of its: only what arrives goes by marks, behind the bypass.
TEST(NftHooksTest, RendersAHostThatGoesByMarks) {
  HookPlan plan;
  plan.mode = HookMode::host;
  plan.devices = {"eth0"};
  plan.bypass = {{Protocol::tcp, 22}};
  plan.fast_path = FastPathRules{"/unused", {1}, ArrivalMarks{24, {2}, {2}}};
  const std::string rules = render_nft(plan);
  EXPECT_NE(rules.find("    tcp dport 22 return\n    icmpv6 type 133-137 return\n"
                       "    meta mark & 0xff000000 != 0 jump answered\n    iifname \"eth0\" goto enqueue\n"),
            std::string::npos)
      << rules;
  EXPECT_EQ(rules.find("jump answered", rules.find("chain output")), std::string::npos) << rules;
}

TEST(NftHooksTest, GoesByNoMarkWhereNoDeviceHasAProgram) {
  HookPlan plan;
  plan.guarded = {*parse_prefix("10.0.0.0/16")};
  HookPlan marked = plan;
  marked.fast_path = FastPathRules{"/unused", {}, ArrivalMarks{}};
  EXPECT_EQ(render_nft(marked), render_nft(plan));
}

}  // namespace
}  // namespace vpcwall

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

}  // namespace
}  // namespace vpcwall

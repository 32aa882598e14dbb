#include "daemon/hooks/nft_rules.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

std::string text_of(const HookPlan& plan) { return render_nft(plan, nft_queue_statement(plan), {}); }

TEST(NftRules, RendersARouterWithSeveralQueuesThatFailsOpen) {
  HookPlan plan;
  plan.guarded = {*parse_prefix("10.0.0.0/16"), *parse_prefix("2001:db8:1234:1a00::/56")};
  plan.devices = {"eth1"};
  plan.first_queue = 4;
  plan.queue_count = 8;
  plan.fail_open = true;
  EXPECT_EQ(text_of(plan), R"(add table inet vpcwall
flush table inet vpcwall
table inet vpcwall {
  chain reassemble {
    meta l4proto udp tproxy to :1
  }
  chain enqueue {
    queue flags bypass to symhash mod 8 offset 4
  }
  chain forward {
    type filter hook forward priority security; policy accept;
    oifname "eth1" goto enqueue
    iifname "eth1" goto enqueue
    ip saddr 10.0.0.0/16 goto enqueue
    ip daddr 10.0.0.0/16 goto enqueue
    ip6 saddr 2001:db8:1234:1a00::/56 goto enqueue
    ip6 daddr 2001:db8:1234:1a00::/56 goto enqueue
  }
}
)");
}

TEST(NftRules, RendersAHostWithOneQueueThatFailsClosed) {
  HookPlan plan;
  plan.mode = HookMode::host;
  plan.guarded = {*parse_prefix("10.0.0.0/16")};
  plan.devices = {"eth0", "eth1"};
  plan.first_queue = 7;
  plan.bypass = {{Protocol::tcp, 22}, {Protocol::udp, 51'820}};  // E-26
  EXPECT_EQ(text_of(plan), R"(add table inet vpcwall
flush table inet vpcwall
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

HookPlan with_fast_path() {
  HookPlan plan;
  plan.devices = {"eth0", "eth1", "eth2"};
  plan.guarded = {*parse_prefix("10.0.0.0/16")};
  plan.fast_path = FastPathRules{"/sys/fs/bpf/x", {std::uint16_t{1}, std::nullopt, std::uint16_t{4}}};
  return plan;
}

TEST(NftRules, AskTheFastPathByTheDeviceThatAPacketLeavesBy) {
  const std::string text = text_of(with_fast_path());
  EXPECT_NE(text.find(R"(  chain enqueue {
    queue to 0
  }
  chain passed {
  }
  chain fast {
    goto enqueue
  }
  chain out-1 {
    goto enqueue
  }
  chain out-4 {
    goto enqueue
  }
  chain forward {
    type filter hook forward priority security; policy accept;
    oifname "eth0" goto out-1
    oifname "eth1" goto enqueue
    oifname "eth2" goto out-4
    jump passed
    iifname "eth0" goto fast
    iifname "eth1" goto fast
    iifname "eth2" goto fast
    ip saddr 10.0.0.0/16 goto fast
    ip daddr 10.0.0.0/16 goto fast
  }
)"),
            std::string::npos)
      << text;
}

TEST(NftRules, AskTheFastPathOfAHostOnBothWays) {
  HookPlan plan = with_fast_path();
  plan.mode = HookMode::host;
  plan.devices.resize(1);
  const std::string text = text_of(plan);
  EXPECT_NE(text.find(R"(policy accept;
    jump passed
    iifname "eth0" goto fast
  })"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(policy accept;
    oifname "eth0" goto out-1
  })"),
            std::string::npos)
      << text;
}

TEST(NftRules, HaveAProgramForEachClass) {
  HookPlan plan = with_fast_path();
  const std::vector<NftProgramRule> closed{
      {"fast", "/sys/fs/bpf/x/refuse-0", false},  {"passed", "/sys/fs/bpf/x/pass-0", true},
      {"out-1", "/sys/fs/bpf/x/refuse-1", false}, {"out-1", "/sys/fs/bpf/x/pass-1", true},
      {"out-4", "/sys/fs/bpf/x/refuse-4", false}, {"out-4", "/sys/fs/bpf/x/pass-4", true}};
  EXPECT_EQ(nft_program_rules(plan), closed);
  plan.fail_open = true;  // what was refused may pass as soon as nobody reads the queues
  std::vector<NftProgramRule> open = closed;
  std::erase_if(open, [](const NftProgramRule& rule) { return !rule.accepts; });
  EXPECT_EQ(nft_program_rules(plan), open);
  plan.fast_path.reset();
  EXPECT_TRUE(nft_program_rules(plan).empty());
}

TEST(NftRules, KeepTheirHooksAndDeleteTheChainsThatNobodyNeeds) {
  HookPlan plan = with_fast_path();
  const std::string text =
      render_nft(plan, nft_queue_statement(plan), {"forward", "input", "enqueue", "out-1", "out-7"});
  EXPECT_EQ(text.find("add table inet vpcwall\nflush table inet vpcwall\ndelete chain inet vpcwall input\n"
                      "delete chain inet vpcwall out-7\ntable inet vpcwall {\n"),
            0U)
      << text;
}

}  // namespace
}  // namespace vpcwall

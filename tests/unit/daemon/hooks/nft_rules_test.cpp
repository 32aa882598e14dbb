#include "daemon/hooks/nft_rules.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace vpcwall {
namespace {

std::string text_of(const HookPlan& plan, QueueVerdict verdict = QueueVerdict::expression) {
  std::string text;
  for (const NftTable& table : nft_tables(plan, verdict)) text += to_string(table);
  return text;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(NftRules, RendersARouterWithSeveralQueuesThatFailsOpen) {
  HookPlan plan;
  plan.guarded = {*parse_prefix("10.0.0.0/16"), *parse_prefix("2001:db8:1234:1a00::/56")};
  plan.devices = {"eth1"};
  plan.first_queue = 4;
  plan.queue_count = 8;
  plan.fail_open = true;
  const std::string text = text_of(plan);
  EXPECT_TRUE(has(text, R"(table ip vpcwall {
  chain reassemble {
    udp tproxy to :1
  }
  chain enqueue {
    tcp queue flags bypass to symhash mod 8 offset 4
    udp queue flags bypass to symhash mod 8 offset 4
    queue flags bypass to 11
  }
  chain forward {
    hook 2 priority 50
    oifname "eth1" goto enqueue
    iifname "eth1" goto enqueue
    ip saddr 10.0.0.0/16 goto enqueue
    ip daddr 10.0.0.0/16 goto enqueue
  }
}
)")) << text;
  EXPECT_TRUE(has(text, R"(    iifname "eth1" goto enqueue
    ip6 saddr 2001:db8:1234:1a00::/56 goto enqueue
    ip6 daddr 2001:db8:1234:1a00::/56 goto enqueue
  }
}
)")) << text;
}

TEST(NftRules, TakeNothingOfAFamilyThatIsNotGuarded) {
  HookPlan plan;
  plan.guarded = {*parse_prefix("10.0.0.0/16")};
  const auto tables = nft_tables(plan, QueueVerdict::target);
  ASSERT_EQ(tables.size(), 1U);
  EXPECT_EQ(tables.front().family, NftFamily::ip);
}

// What has no ports must not be spread by four bytes that are others in the other direction: ESP, AH, GRE, …
TEST(NftRules, SpreadOnlyTcpAndUdpByTheKernelsHash) {
  HookPlan plan;
  plan.guarded = {*parse_prefix("10.0.0.0/16")};
  plan.queue_count = 4;
  EXPECT_TRUE(has(text_of(plan), R"(    tcp queue to symhash mod 4 offset 0
    udp queue to symhash mod 4 offset 0
    queue to 3
)"));
}

TEST(NftRules, SpreadByAProgramOfOursWhereTheKernelHasNoQueueExpression) {
  HookPlan plan;
  plan.guarded = {*parse_prefix("10.0.0.0/16")};
  plan.queue_count = 2;
  const std::string text = text_of(plan, QueueVerdict::target);
  EXPECT_TRUE(has(text, " instructions queue to 0\n    queue to 1\n")) << text;
}

TEST(NftRules, RendersAHostAtTheWire) {
  HookPlan plan;
  plan.mode = HookMode::host;
  plan.guarded = {*parse_prefix("10.0.0.0/16")};
  plan.devices = {"eth0", "eth1"};
  plan.device_indexes = {3, 0};
  plan.first_queue = 7;
  plan.bypass = {{Protocol::tcp, 22}, {Protocol::udp, 51'820}};  // E-26
  const std::string text = text_of(plan);
  EXPECT_TRUE(has(text, R"(table ip vpcwall {
  chain reassemble {
    udp tproxy to :1
  }
  chain enqueue {
    queue to 7
  }
  chain in {
    tcp dport 22 fib daddr type local return
    udp dport 51820 fib daddr type local return
    goto enqueue
  }
  chain out {
    iif 0 tcp sport 22 return
    iif 0 udp sport 51820 return
    goto enqueue
  }
  chain arriving {
    hook 0 priority -350
    iif 3 goto in
    iifname "eth0" goto in
    iifname "eth1" goto in
  }
  chain leaving {
    hook 4 priority 300
    oif 3 goto out
    oifname "eth0" goto out
    oifname "eth1" goto out
  }
}
)")) << text;
  EXPECT_TRUE(has(text, "    icmpv6 type 133-137 return\n    goto enqueue\n")) << text;
  EXPECT_FALSE(has(text, "netdev"));
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
  EXPECT_TRUE(has(text, R"(  chain enqueue {
    queue to 0
  }
  chain passed {
    program /sys/fs/bpf/x/pass-0 accept
  }
  chain fast {
    program /sys/fs/bpf/x/refuse-0 drop
    goto enqueue
  }
  chain out-1 {
    program /sys/fs/bpf/x/pass-1 accept
    program /sys/fs/bpf/x/refuse-1 drop
    goto enqueue
  }
  chain out-4 {
    program /sys/fs/bpf/x/pass-4 accept
    program /sys/fs/bpf/x/refuse-4 drop
    goto enqueue
  }
  chain forward {
    hook 2 priority 50
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
)")) << text;
}

// Dropped by a rule, what a program of the host sends would come back to it as an error.
TEST(NftRules, RefuseWhatAHostSendsWithoutAWord) {
  HookPlan plan = with_fast_path();
  plan.mode = HookMode::host;
  plan.devices.resize(1);
  const std::string text = text_of(plan);
  EXPECT_TRUE(has(text, R"(  chain in {
    program /sys/fs/bpf/x/pass-0 accept
    program /sys/fs/bpf/x/refuse-0 drop
    goto enqueue
  }
  chain out-1 {
    program /sys/fs/bpf/x/pass-1 accept
    program /sys/fs/bpf/x/refuse-1 queue to 65535
    goto enqueue
  }
)")) << text;
  EXPECT_EQ(refusal_queue(65'534, 2), 65'533);
}

TEST(NftRules, RepeatNoRefusalWhileTheyFailOpen) {
  HookPlan plan = with_fast_path();
  plan.fail_open = true;  // what was refused may pass as soon as nobody reads the queues
  EXPECT_FALSE(has(text_of(plan), "refuse"));
  EXPECT_TRUE(has(text_of(plan), "pass-0"));
}

TEST(NftRules, KeepOutFramesThatNoHookOfIpWouldMeet) {
  HookPlan plan;
  plan.mode = HookMode::host;
  plan.devices = {"eth0"};
  plan.device_indexes = {3};
  plan.gates = {{"eth0", 3, {2, 0, 0, 0, 1, 2}, false, ""}};
  EXPECT_TRUE(has(text_of(plan), R"(table netdev vpcwall {
  chain in-3 {
    hook 0 device "eth0" priority 0
    ether daddr 02:00:00:00:01:02 accept
    ether type ip ether daddr for one counter drop
    ether type ip6 ether daddr for one counter drop
  }
  chain out-3 {
    hook 1 device "eth0" priority 0
    ether saddr 02:00:00:00:01:02 accept
    ether type ip counter drop
    ether type ip6 counter drop
  }
}
)")) << text_of(plan);
  plan.gates.front().is_shared = true;
  EXPECT_TRUE(has(text_of(plan), R"(    icmpv6 type 143-143 accept
    ether type ip counter drop
    ether type ip6 counter drop
  }
  chain out-3)"))
      << text_of(plan);
}

TEST(NftRules, CloseADeviceExceptForItsManagement) {
  HookPlan plan;
  plan.mode = HookMode::host;
  plan.devices = {"eth0"};
  plan.device_indexes = {3};
  plan.bypass = {{Protocol::tcp, 22}};  // E-26
  plan.gates = {{"eth0", 3, {2, 0, 0, 0, 1, 2}, false, "is a port of bridge br0"}};
  EXPECT_TRUE(has(text_of(plan), R"(  chain in-3 {
    hook 0 device "eth0" priority 0
    tcp dport 22 accept
    icmpv6 type 133-137 accept
    ether type 2054 accept
    counter drop
  }
  chain out-3 {
    hook 1 device "eth0" priority 0
    tcp sport 22 accept
)")) << text_of(plan);
}

}  // namespace
}  // namespace vpcwall

#include "daemon/hooks/hook_plan.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace vpcwall {
namespace {

TEST(HookPlanTest, KnowsWhichDevicesARuleCanNameExactly) {
  for (const char* name :
       {"eth0", "ens1f0np0", "br-0a1b2c3d", "wg.home", "veth@if2", "eth0:1", "123456789012345"}) {
    EXPECT_TRUE(is_hookable_device(name)) << name;
  }
  for (const char* name : {"", "lo", "eth+", "eth*", "eth 0", "eth0\n", "a/b", "\"eth0\"", "1234567890123456",
                           "-i", ".", "..", "eth0;"}) {
    EXPECT_FALSE(is_hookable_device(name)) << name;
  }
}

TEST(HookPlanTest, RefusesPlansThatCannotBeInstalled) {
  HookPlan good;
  good.guarded = {*parse_prefix("10.0.0.0/16")};
  EXPECT_NO_THROW(require_installable(good));

  struct Row {
    const char* name;
    void (*spoil)(HookPlan&);
  };
  for (const Row& row : {
           Row{"no queue", [](HookPlan& plan) { plan.queue_count = 0; }},
           Row{"queue numbers beyond the last",
               [](HookPlan& plan) {
                 plan.first_queue = 65'535;
                 plan.queue_count = 2;
               }},
           Row{"router without anything to guard", [](HookPlan& plan) { plan.guarded.clear(); }},
           Row{"host without a device", [](HookPlan& plan) { plan.mode = HookMode::host; }},
           Row{"loopback",
               [](HookPlan& plan) {
                 plan.devices = {"eth0", "lo"};
               }},
           Row{"a pattern for many devices", [](HookPlan& plan) { plan.devices = {"eth+"}; }},
           Row{"a router that lets its own traffic through",
               [](HookPlan& plan) {
                 plan.bypass = {{Protocol::tcp, 22}};
               }},
           Row{"a protocol without ports let through",
               [](HookPlan& plan) {
                 plan.mode = HookMode::host;
                 plan.devices = {"eth0"};
                 plan.bypass = {{Protocol::icmp, 22}};
               }},
       }) {
    HookPlan plan = good;
    row.spoil(plan);
    EXPECT_THROW(require_installable(plan), std::invalid_argument) << row.name;
  }
}

TEST(HookPlanTest, TakesTheVeryLastQueueNumber) {
  HookPlan plan;
  plan.guarded = {*parse_prefix("10.0.0.0/16")};
  plan.first_queue = 65'535;
  EXPECT_NO_THROW(require_installable(plan));
}

}  // namespace
}  // namespace vpcwall

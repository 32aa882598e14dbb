#include "daemon/hooks/hook_installer.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "daemon/hooks/xt_hooks.h"
#include "support/hook_rules.h"
#include "support/network_namespace.h"
#include "support/traffic.h"

namespace vpcwall::test {
namespace {

struct HookInstallerTest : ::testing::Test {
  RoutedPair lab;
};

TEST_F(HookInstallerTest, FindsABackEndThatWorksAndLeavesNoTraceOfTheSearch) {
  const std::string before = ruleset(lab.router);
  const Inside inside(lab.router);
  const std::unique_ptr<HookInstaller> hooks = make_hook_installer(HookBackend::automatic);
  EXPECT_EQ(ruleset(lab.router), before) << hooks->backend();
  hooks->install(router_plan());
  const QueueReader reader(lab.router, {});
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, "10.9.2.1", 5000);
  client.send("through", endpoint("10.9.2.1", 5000));
  EXPECT_EQ(server.receive(), "through");
  EXPECT_EQ(reader.seen().size(), 1U);
  hooks->remove();
  EXPECT_EQ(ruleset(lab.router), before);
}

// A daemon killed under one back end and started under another must not leave packets to unread queues.
TEST_F(HookInstallerTest, RemovesWhatAnotherBackEndLeft) {
  const Inside inside(lab.router);
  for (const XtVariant& variant : xt_variants) XtHooks(variant).install(router_plan(9));
  const std::unique_ptr<HookInstaller> hooks = make_hook_installer(HookBackend::automatic);
  hooks->install(router_plan(0));
  EXPECT_EQ(occurrences(ruleset(lab.router), "--queue-num 9"), 0U);
  const QueueReader reader(lab.router, {});
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, "10.9.2.1", 5000);
  client.send("through", endpoint("10.9.2.1", 5000));
  EXPECT_EQ(server.receive(), "through");
}

TEST_F(HookInstallerTest, RefusesAPlanThatHooksLoopback) {
  const std::string before = ruleset(lab.router);
  const Inside inside(lab.router);
  HookPlan plan = host_plan();
  plan.devices = {"lo"};
  EXPECT_THROW(make_hook_installer(HookBackend::automatic)->install(plan), std::invalid_argument);
  EXPECT_EQ(ruleset(lab.router), before);
}

}  // namespace
}  // namespace vpcwall::test

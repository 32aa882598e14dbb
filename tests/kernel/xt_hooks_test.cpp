#include "daemon/hooks/xt_hooks.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <fstream>
#include <map>
#include <set>

#include "support/hook_rules.h"
#include "support/network_namespace.h"
#include "support/traffic.h"

namespace vpcwall::test {
namespace {

// Both kinds of iptables must behave the same.
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

TEST_P(XtHooksTest, TakesOnlyGuardedPackets) {
  HookPlan plan = router_plan();
  plan.guarded = {*parse_prefix("10.9.2.7/32")};
  install(lab.router, plan);
  const QueueReader reader(lab.router, {});
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, "10.9.2.1", 5000);
  client.send("free", endpoint("10.9.2.1", 5000));
  EXPECT_EQ(server.receive(), "free");
  EXPECT_EQ(reader.seen().size(), 0U);
  client.send("guarded", endpoint("10.9.2.7", 5000));
  EXPECT_TRUE(eventually([&] { return reader.seen().size() == 1; }));
}

// A forged source lies outside of the guarded ranges, and so does its answer.
TEST_P(XtHooksTest, TakesEverythingOfANamedDevice) {
  HookPlan plan;
  plan.guarded = {*parse_prefix("192.0.2.0/24")};
  plan.devices = {"server_side"};
  install(lab.router, plan);
  const QueueReader reader(lab.router, {});
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, "10.9.2.1", 5000);
  client.send("leaves by it", endpoint("10.9.2.1", 5000));
  EXPECT_EQ(server.receive(), "leaves by it");
  server.send("enters by it", endpoint("10.9.1.1", 4000));
  EXPECT_EQ(client.receive(), "enters by it");
  EXPECT_EQ(reader.seen().size(), 2U);
}

TEST_P(XtHooksTest, TakesWhatArrivesAndLeavesInHostModeButNotLoopback) {
  install(lab.client, host_plan());
  const QueueReader reader(lab.client, {});
  const UdpSocket client(lab.client, "0.0.0.0", 4000);
  const UdpSocket neighbour(lab.client, "127.0.0.1", 4001);
  const UdpSocket server(lab.server, "10.9.2.1", 5000);
  client.send("to itself", endpoint("127.0.0.1", 4001));
  EXPECT_EQ(neighbour.receive(), "to itself");
  EXPECT_EQ(reader.seen().size(), 0U);
  client.send("leaves", endpoint("10.9.2.1", 5000));
  EXPECT_EQ(server.receive(), "leaves");
  server.send("arrives", endpoint("10.9.1.1", 4000));
  EXPECT_EQ(client.receive(), "arrives");
  const std::vector<SeenPacket> seen = reader.seen();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].hook, HookPoint::local_out);
  EXPECT_EQ(seen[0].in_device, 0U);
  EXPECT_NE(seen[0].out_device, 0U);
  EXPECT_EQ(seen[1].hook, HookPoint::local_in);
  EXPECT_NE(seen[1].in_device, 0U);
}

TEST_P(XtHooksTest, DropsWhileNobodyReadsWhenItFailsClosed) {
  install(lab.router, router_plan());
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, "10.9.2.1", 5000);
  client.send("unjudged", endpoint("10.9.2.1", 5000));
  // What follows by another way has arrived, so what went before would have, too.
  remove(lab.router);
  client.send("unguarded", endpoint("10.9.2.1", 5000));
  EXPECT_EQ(server.receive(), "unguarded");
  EXPECT_FALSE(server.has_datagram());
}

TEST_P(XtHooksTest, PassesWhileNobodyReadsWhenItFailsOpen) {
  HookPlan plan = router_plan(0, 2);
  plan.fail_open = true;
  install(lab.router, plan);
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, "10.9.2.1", 5000);
  client.send("unjudged", endpoint("10.9.2.1", 5000));
  EXPECT_EQ(server.receive(), "unjudged");
}

TEST_P(XtHooksTest, LetsTheBypassPassThoughNobodyReads) {  // E-26
  HookPlan plan = host_plan();
  plan.bypass = {{Protocol::udp, 4000}};
  install(lab.client, plan);
  for (const auto& [own, far] : {std::pair("10.9.1.1", "10.9.2.1"), std::pair("fd09:1::1", "fd09:2::1")}) {
    const UdpSocket bypassing(lab.client, own, 4000), other(lab.client, own, 4001);
    const UdpSocket server(lab.server, far, 5000);
    server.send("unjudged", endpoint(own, 4001));
    server.send("administers", endpoint(own, 4000));
    EXPECT_EQ(bypassing.receive(), "administers") << own;
    EXPECT_FALSE(other.has_datagram()) << own;
    other.send("unjudged", endpoint(far, 5000));
    bypassing.send("answers", endpoint(far, 5000));
    EXPECT_EQ(server.receive(), "answers") << own;
    EXPECT_FALSE(server.has_datagram()) << own;
  }
}

// The host's own rules stay in force: an accept of ours is not the last word.
TEST_P(XtHooksTest, DoesNotLetAPacketPastForeignRules) {
  add_foreign_rules(lab.router, kind());
  install(lab.router, router_plan());
  const QueueReader reader(lab.router, {});
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket refused(lab.server, "10.9.2.1", 9);
  const UdpSocket server(lab.server, "10.9.2.1", 5000);
  client.send("refused", endpoint("10.9.2.1", 9));
  client.send("passed", endpoint("10.9.2.1", 5000));
  EXPECT_EQ(server.receive(), "passed");
  EXPECT_FALSE(refused.has_datagram());
}

TEST_P(XtHooksTest, SeesAFragmentedDatagramAsOnePacketWithoutConnectionTracking) {
  install(lab.router, router_plan());
  const QueueReader reader(lab.router, {});
  const std::string data(4000, 'x');
  struct Row {
    std::string client, server;
    std::uint32_t whole;
  };
  std::size_t expected = 0;
  for (const Row& row : {Row{"10.9.1.1", "10.9.2.1", 4028}, Row{"fd09:1::1", "fd09:2::1", 4048}}) {
    const UdpSocket client(lab.client, row.client, 4000);
    const UdpSocket server(lab.server, row.server, 5000);
    client.send(data, endpoint(row.server, 5000));
    EXPECT_EQ(server.receive(), data);
    const std::vector<SeenPacket> seen = reader.seen();
    ASSERT_EQ(seen.size(), ++expected);
    EXPECT_EQ(seen.back().wire_length, row.whole);
  }
  const Inside inside(lab.router);
  std::ifstream tracked("/proc/sys/net/netfilter/nf_conntrack_count");
  int entries = 0;
  tracked >> entries;  // no such file: no connection tracking in this kernel
  EXPECT_EQ(entries, 0);
}

TEST_P(XtHooksTest, EndsReassemblyWhenItIsRemoved) {
  install(lab.router, router_plan());
  remove(lab.router);
  run_in(lab.router, {"iptables-nft-restore", "--noflush"},
         "*filter\n-A FORWARD -j NFQUEUE --queue-num 0\nCOMMIT\n");
  const QueueReader reader(lab.router, {});
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, "10.9.2.1", 5000);
  client.send(std::string(4000, 'x'), endpoint("10.9.2.1", 5000));
  EXPECT_EQ(server.receive(), std::string(4000, 'x'));
  EXPECT_EQ(reader.seen().size(), 3U);
}

// The two ends of a flow and its protocol, whichever way the packet goes.
std::string flow_of(const SeenPacket& packet) {
  const bool ipv4 = (packet.bytes[0] >> 4) == std::byte{4};
  const std::size_t addresses = ipv4 ? 12 : 8, size = ipv4 ? 4 : 16, ports = ipv4 ? 20 : 40;
  const auto text = [&](std::size_t at, std::size_t length) {
    return std::string(reinterpret_cast<const char*>(packet.bytes.data()) + at, length);
  };
  std::string source = text(addresses, size) + text(ports, 2);
  std::string destination = text(addresses + size, size) + text(ports + 2, 2);
  if (destination < source) std::swap(source, destination);
  return text(ipv4 ? 9 : 6, 1) + source + destination;
}

TEST_P(XtHooksTest, KeepsBothDirectionsOfEveryFlowOnOneQueue) {
  install(lab.router, router_plan(4, 2));
  const QueueReader first(lab.router, {.number = 4});
  const QueueReader second(lab.router, {.number = 5});
  const UdpSocket server_ipv4(lab.server, "10.9.2.1", 5000);
  const UdpSocket server_ipv6(lab.server, "fd09:2::1", 5000);
  for (int flow = 0; flow < 200; ++flow) {
    const bool ipv4 = flow % 2 == 0;
    const auto port = static_cast<std::uint16_t>(20'000 + flow * 7);
    const UdpSocket client(lab.client, ipv4 ? "10.9.1.1" : "fd09:1::1", port);
    const UdpSocket& server = ipv4 ? server_ipv4 : server_ipv6;
    client.send("request", endpoint(ipv4 ? "10.9.2.1" : "fd09:2::1", 5000));
    Endpoint from;
    ASSERT_EQ(server.receive(&from), "request");
    server.send("reply", from);
    ASSERT_EQ(client.receive(), "reply");
  }
  for (std::uint16_t port = 7000; port < 7020; ++port) {
    EXPECT_EQ(transfer_by_tcp(lab.client, lab.server, port % 2 == 0 ? "10.9.2.1" : "fd09:2::1", port, "data"),
              "data");
  }
  std::map<std::string, std::set<int>> queues;
  std::map<int, std::size_t> packets;
  const auto count = [&](const QueueReader& reader, int number) {
    for (const SeenPacket& packet : reader.seen()) {
      const bool with_ports = packet.bytes[0] >> 4 == std::byte{4} || packet.bytes[6] != std::byte{58};
      if (!with_ports) continue;  // neighbour discovery
      queues[flow_of(packet)].insert(number);
      ++packets[number];
    }
  };
  count(first, 4);
  count(second, 5);
  EXPECT_GE(queues.size(), 220U);
  for (const auto& [flow, used] : queues) EXPECT_EQ(used.size(), 1U);
  EXPECT_GT(packets[4], 100U);
  EXPECT_GT(packets[5], 100U);
}

}  // namespace
}  // namespace vpcwall::test

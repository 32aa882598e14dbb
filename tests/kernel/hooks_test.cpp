#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>

#include "daemon/hooks/hook_installer.h"
#include "daemon/hooks/nft_hooks.h"
#include "daemon/hooks/nft_session.h"
#include "daemon/hooks/program.h"
#include "daemon/hooks/xt_hooks.h"
#include "support/network_namespace.h"
#include "support/traffic.h"

namespace vpcwall::test {
namespace {

using namespace std::chrono_literals;

// All rules of the namespace as the tools print them. iptables prints the time of day in comments, and
// counters move by themselves: a device that comes up says so to its neighbours.
std::string ruleset(const NetworkNamespace& place) {
  std::string text;
  for (const char* tool :
       {"iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save", "ip6tables-legacy-save"}) {
    text += run_in(place, {tool});
  }
  text += run_in(place, {"nft", "list", "ruleset"});
  text = std::regex_replace(text, std::regex("#[^\n]*\n"), "");
  return std::regex_replace(text, std::regex("\\[[0-9]+:[0-9]+\\]"), "[]");
}

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

HookPlan router_plan(std::uint16_t first_queue = 0, std::uint16_t queue_count = 1) {
  HookPlan plan;
  plan.guarded = {*parse_prefix("10.9.2.0/24"), *parse_prefix("fd09:2::/64")};
  plan.first_queue = first_queue;
  plan.queue_count = queue_count;
  return plan;
}

HookPlan host_plan(std::uint16_t first_queue = 0) {
  HookPlan plan;
  plan.mode = HookMode::host;
  plan.devices = {"uplink"};
  plan.first_queue = first_queue;
  return plan;
}

void add_foreign_rules(const NetworkNamespace& place, const std::string& kind) {
  for (const std::string tool : {"iptables-", "ip6tables-"}) {
    run_in(place, {tool + kind + "-restore", "--noflush"},
           "*security\n:FOREIGN - [0:0]\n-A FORWARD -p udp --dport 9 -m comment --comment \"not yours\" -j "
           "FOREIGN\n"
           "-A FOREIGN -j RETURN\n-A INPUT -p udp --dport 9 -j ACCEPT\nCOMMIT\n"
           "*filter\n:VPCWALLISH - [0:0]\n-A FORWARD -p udp --dport 9 -j DROP\nCOMMIT\n");
  }
  run_in(place, {"nft", "-f", "-"},
         "table inet foreign {\n chain c {\n type filter hook forward priority filter; policy accept;\n"
         " udp dport 9 drop\n }\n}\n");
}

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
    const NftResult result = NftSession().run(
        std::regex_replace(render_nft(plan), std::regex("\n    queue[^\n]*"), "\n    counter accept"));
    ASSERT_TRUE(result.ok) << result.errors;
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
  for (const HookPlan& plan : {router_plan(), host_plan(), both, both}) {
    install(plan);
    EXPECT_EQ(occurrences(ruleset(lab.router), "table inet vpcwall"), 1U);
  }
  remove();
  EXPECT_EQ(ruleset(lab.router), before);
  remove();
  EXPECT_EQ(ruleset(lab.router), before);
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
  XtHooks(xt_variants[1]).install(router_plan(9));
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

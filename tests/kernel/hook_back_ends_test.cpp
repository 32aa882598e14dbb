// What every back end does with packets, in real traffic.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <system_error>
#include <vector>

#include "daemon/hooks/nft_hooks.h"
#include "daemon/hooks/xt_hooks.h"
#include "support/hook_rules.h"
#include "support/network_namespace.h"
#include "support/traffic.h"

namespace vpcwall::test {
namespace {

enum class BackEnd { nft, xt, legacy };

struct HookBackEndsTest : ::testing::TestWithParam<BackEnd> {
  RoutedPair lab;

  [[nodiscard]] static std::unique_ptr<HookInstaller> make() {
    if (GetParam() == BackEnd::legacy) return std::make_unique<XtHooks>(xt_variants[1]);
    return std::make_unique<NftHooks>(GetParam() == BackEnd::nft ? QueueVerdict::expression
                                                                 : QueueVerdict::target);
  }
  [[nodiscard]] static std::string kind() { return GetParam() == BackEnd::legacy ? "legacy" : "nft"; }
  static void install(const NetworkNamespace& place, const HookPlan& plan) {
    const Inside inside(place);
    make()->install(plan);
  }
  static void remove(const NetworkNamespace& place) {
    const Inside inside(place);
    make()->remove();
  }
};

// Those that this kernel has.
std::vector<BackEnd> supported() {
  std::vector<BackEnd> all{BackEnd::xt, BackEnd::legacy};
  try {
    if (NftHooks(QueueVerdict::expression).refusal().empty()) all.push_back(BackEnd::nft);
  } catch (const std::system_error&) {  // no right to ask: the tests fail then, and say so
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, HookBackEndsTest, ::testing::ValuesIn(supported()), [](const auto& info) {
  return info.param == BackEnd::nft ? "Nft" : info.param == BackEnd::xt ? "Xt" : "Legacy";
});

TEST_P(HookBackEndsTest, TakesOnlyGuardedPackets) {
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
TEST_P(HookBackEndsTest, TakesEverythingOfANamedDevice) {
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

TEST_P(HookBackEndsTest, TakesWhatArrivesAndLeavesInHostModeButNotLoopback) {
  install(lab.client, host_plan());
  const QueueReader reader(lab.client, {});
  const UdpSocket client(lab.client, "0.0.0.0", 4000);
  const UdpSocket neighbour(lab.client, "127.0.0.1", 4001);
  const UdpSocket server(lab.server, "10.9.2.1", 5000);
  client.send("to itself", endpoint("127.0.0.1", 4001));
  EXPECT_EQ(neighbour.receive(), "to itself");
  client.send("leaves", endpoint("10.9.2.1", 5000));
  EXPECT_EQ(server.receive(), "leaves");
  server.send("arrives", endpoint("10.9.1.1", 4000));
  EXPECT_EQ(client.receive(), "arrives");
  std::vector<SeenPacket> seen = reader.seen();
  // The kernel announces itself by IPv6 when it likes.
  std::erase_if(seen, [](const SeenPacket& packet) { return packet.bytes.at(0) >> 4 != std::byte{4}; });
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].hook, HookPoint::local_out);
  EXPECT_EQ(seen[0].in_device, 0U);
  EXPECT_NE(seen[0].out_device, 0U);
  EXPECT_EQ(seen[1].hook, HookPoint::local_in);
  EXPECT_NE(seen[1].in_device, 0U);
}

TEST_P(HookBackEndsTest, DropsWhileNobodyReadsWhenItFailsClosed) {
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

TEST_P(HookBackEndsTest, PassesWhileNobodyReadsWhenItFailsOpen) {
  HookPlan plan = router_plan(0, 2);
  plan.fail_open = true;
  install(lab.router, plan);
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, "10.9.2.1", 5000);
  client.send("unjudged", endpoint("10.9.2.1", 5000));
  EXPECT_EQ(server.receive(), "unjudged");
}

TEST_P(HookBackEndsTest, LetsTheBypassPassThoughNobodyReads) {  // E-26
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
TEST_P(HookBackEndsTest, DoesNotLetAPacketPastForeignRules) {
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

TEST_P(HookBackEndsTest, SeesAFragmentedDatagramAsOnePacketWithoutConnectionTracking) {
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

TEST_P(HookBackEndsTest, EndsReassemblyWhenItIsRemoved) {
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

TEST_P(HookBackEndsTest, KeepsBothDirectionsOfEveryFlowOnOneQueue) {
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

// What has no ports must not be spread by its first bytes, which are others in the other direction.
TEST_P(HookBackEndsTest, KeepsBothDirectionsOfProtocolsWithoutPortsOnOneQueue) {
  constexpr std::uint16_t queues = 4;
  install(lab.router, router_plan(0, queues));
  std::vector<std::unique_ptr<QueueReader>> readers;
  for (std::uint16_t number = 0; number < queues; ++number)
    readers.push_back(std::make_unique<QueueReader>(lab.router, QueueSettings{.number = number}));
  constexpr std::array protocols{4, 47, 50, 51, 132};  // IPIP, GRE, ESP, AH, SCTP
  constexpr std::size_t each = 16;
  for (const int protocol : protocols) {
    const auto send = [&](const NetworkNamespace& from, const char* to, std::uint8_t salt) {
      const Inside inside(from);
      const FileDescriptor sender(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, protocol));
      const Endpoint end = endpoint(to, 0);
      for (std::size_t i = 0; i < each; ++i) {
        const std::array<std::uint8_t, 24> bytes{static_cast<std::uint8_t>(i * 37), salt, 7,
                                                 static_cast<std::uint8_t>(i)};
        ASSERT_EQ(::sendto(sender.get(), bytes.data(), bytes.size(), 0,
                           reinterpret_cast<const sockaddr*>(&end.address), end.size),
                  static_cast<ssize_t>(bytes.size()));
      }
    };
    send(lab.client, "10.9.2.1", 1);
    send(lab.server, "10.9.1.1", 2);
  }
  std::map<int, std::set<std::size_t>> used;
  EXPECT_TRUE(eventually([&] {
    used.clear();
    std::map<int, std::size_t> packets;
    for (std::size_t number = 0; number < readers.size(); ++number)
      for (const SeenPacket& packet : readers[number]->seen()) {
        const auto protocol = std::to_integer<int>(packet.bytes[9]);
        used[protocol].insert(number);
        ++packets[protocol];
      }
    return std::all_of(protocols.begin(), protocols.end(),
                       [&](int protocol) { return packets[protocol] == 2 * each; });
  }));
  for (const int protocol : protocols) EXPECT_EQ(used[protocol].size(), 1U) << "protocol " << protocol;
}

}  // namespace
}  // namespace vpcwall::test

#include "daemon/queue/nfqueue.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <system_error>
#include <thread>

#include "net/packet.h"
#include "support/network_namespace.h"
#include "support/traffic.h"

namespace vpcwall::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* server_ipv4 = "10.9.2.1";
constexpr const char* server_ipv6 = "fd09:2::1";

// A router whose forwarded packets go to queue 0; no code under test but the queue.
struct NfQueueTest : ::testing::Test {
  RoutedPair lab;

  void queue_forwarded(const std::string& options = "") {
    for (const char* tool : {"iptables-nft-restore", "ip6tables-nft-restore"}) {
      run_in(lab.router, {tool, "--noflush"},
             "*filter\n-A FORWARD -j NFQUEUE --queue-num 0 " + options + "\nCOMMIT\n");
    }
  }
  [[nodiscard]] std::unique_ptr<NfQueue> bind(const QueueSettings& settings = {}) const {
    const Inside inside(lab.router);
    return std::make_unique<NfQueue>(settings);
  }
  // As after the end of a process whose socket somebody kept.
  [[nodiscard]] std::unique_ptr<NfQueue> adopt(std::unique_ptr<NfQueue> before) const {
    const Inside inside(lab.router);
    FileDescriptor socket(dup(before->descriptor()));
    before.reset();
    return std::make_unique<NfQueue>(QueueSettings{}, std::move(socket));
  }
  // So many that some find no room in a small receive buffer: they have numbers, and do not wait.
  [[nodiscard]] QueueStatistics overfill(const NfQueue& queue, const UdpSocket& client) const {
    constexpr std::uint64_t sent = 200;
    for (std::uint64_t count = 0; count < sent; ++count) client.send("x", endpoint(server_ipv4, 5000));
    EXPECT_TRUE(
        eventually([&] { return queue.statistics().waiting + queue.statistics().user_dropped == sent; }));
    EXPECT_GT(queue.statistics().user_dropped, 0U);
    return queue.statistics();
  }
  static void expect_balance(const NfQueue& queue, std::uint64_t handed, std::uint64_t abandoned) {
    const QueueStatistics statistics = queue.statistics();
    EXPECT_EQ(statistics.handed, handed);
    EXPECT_EQ(statistics.abandoned, abandoned);
    EXPECT_EQ(statistics.answered, handed - abandoned);
    EXPECT_EQ(statistics.waiting, 0U);
    EXPECT_EQ(statistics.user_dropped, 0U) << "that was before";
    EXPECT_EQ(statistics.refused_verdicts, 0U);
  }
  [[nodiscard]] std::uint32_t device(const char* name) const {
    const Inside inside(lab.router);
    return if_nametoindex(name);
  }
};

TEST_F(NfQueueTest, HandsOutAPacketWithItsLengthDevicesAndHook) {
  queue_forwarded();
  const std::unique_ptr<NfQueue> queue = bind();
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, server_ipv4, 5000);
  client.send(std::string(1000, 'x'), endpoint(server_ipv4, 5000));

  ASSERT_EQ(read_bursts(*queue, 1,
                        [&](const QueuedPacket& packet) {
                          EXPECT_EQ(packet.bytes.size(), 192U);
                          EXPECT_EQ(packet.wire_length, 1028U);
                          EXPECT_EQ(packet.in_device, device("client_side"));
                          EXPECT_EQ(packet.out_device, device("server_side"));
                          EXPECT_EQ(packet.hook, HookPoint::forward);
                          EXPECT_EQ(packet.bytes[0], std::byte{0x45});
                          return Verdict::accept;
                        }),
            1U);
  EXPECT_EQ(server.receive(), std::string(1000, 'x'));
  EXPECT_EQ(queue->statistics().received, 1U);
  EXPECT_EQ(queue->statistics().waiting, 0U);
}

TEST_F(NfQueueTest, NamesTheLengthOfAPacketThatWasCopiedWhole) {
  queue_forwarded();
  const std::unique_ptr<NfQueue> queue = bind();
  const UdpSocket client(lab.client, "fd09:1::1", 4000);
  const UdpSocket server(lab.server, server_ipv6, 5000);
  client.send("hello", endpoint(server_ipv6, 5000));

  ASSERT_EQ(read_bursts(*queue, 1,
                        [](const QueuedPacket& packet) {
                          EXPECT_EQ(packet.bytes.size(), 53U);
                          EXPECT_EQ(packet.wire_length, 53U);
                          return Verdict::accept;
                        }),
            1U);
  EXPECT_EQ(server.receive(), "hello");
}

// Every order in which a range verdict could swallow a drop.
TEST_F(NfQueueTest, AnswersEachPacketOfABurstWithItsOwnVerdict) {
  queue_forwarded();
  const std::unique_ptr<NfQueue> queue = bind();
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, server_ipv4, 5000);
  for (const std::string plan : {"d", "a", "ad", "da", "aad", "daa", "dada", "aaddaa", "ddaaadda", "aaaaaaaa",
                                 "dddddddd", "aadaaadaaaaddaaadadadadaaaaaaaaaaaaaaaaaaaaaaaaaaaaaad"}) {
    std::multiset<std::string> expected;
    for (std::size_t index = 0; index < plan.size(); ++index) {
      const std::string text = plan + std::to_string(index);
      client.send(text, endpoint(server_ipv4, 5000));
      if (plan[index] == 'a') expected.insert(text);
    }
    // All of them wait in the kernel before the first is answered, so they come as one burst.
    ASSERT_TRUE(eventually([&] { return queue->statistics().waiting == plan.size(); }));
    const std::span<const QueuedPacket> burst = queue->receive(1s);
    ASSERT_EQ(burst.size(), plan.size());
    std::vector<Verdict> verdicts;
    for (const char letter : plan) verdicts.push_back(letter == 'a' ? Verdict::accept : Verdict::drop);
    queue->answer(verdicts);

    EXPECT_EQ(queue->statistics().waiting, 0U) << plan;
    std::multiset<std::string> arrived;
    for (std::size_t count = 0; count < expected.size(); ++count)
      arrived.insert(server.receive().value_or("none"));
    EXPECT_EQ(arrived, expected) << plan;
    EXPECT_FALSE(server.has_datagram()) << plan;
  }
}

TEST_F(NfQueueTest, HandsOutAtMostOneBurstAtATimeAndKeepsTheRest) {
  queue_forwarded();
  const std::unique_ptr<NfQueue> queue = bind();
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, server_ipv4, 5000);
  constexpr std::size_t sent = max_burst + 10;
  for (std::size_t count = 0; count < sent; ++count) client.send("x", endpoint(server_ipv4, 5000));
  ASSERT_TRUE(eventually([&] { return queue->statistics().waiting == sent; }));
  EXPECT_EQ(queue->receive(1s).size(), max_burst);
  queue->answer(std::vector<Verdict>(max_burst, Verdict::accept));
  EXPECT_EQ(queue->statistics().waiting, 10U);
  EXPECT_EQ(queue->receive(1s).size(), 10U);
  queue->answer(std::vector<Verdict>(10, Verdict::drop));
  EXPECT_EQ(queue->statistics().waiting, 0U);
  EXPECT_EQ(queue->statistics().bursts, 2U);
}

TEST_F(NfQueueTest, CarriesATcpStreamInPacketsLargerThanTheDeviceTakes) {
  queue_forwarded();
  std::string data;
  for (std::uint32_t word = 0; data.size() < (8U << 20U); ++word) data += std::to_string(word) + ",";
  std::uint32_t largest = 0;
  {
    const QueueReader reader(lab.router, {});
    EXPECT_TRUE(transfer_by_tcp(lab.client, lab.server, server_ipv4, 6000, data) == data);
    EXPECT_TRUE(transfer_by_tcp(lab.client, lab.server, server_ipv6, 6001, data) == data);
    for (const SeenPacket& packet : reader.seen()) largest = std::max(largest, packet.wire_length);
    EXPECT_EQ(reader.queue().statistics().kernel_dropped, 0U);
    EXPECT_EQ(reader.queue().statistics().user_dropped, 0U);
  }
  EXPECT_GT(largest, 3000U);
}

TEST_F(NfQueueTest, RefusesANumberThatAnotherProcessHolds) {
  const std::unique_ptr<NfQueue> first = bind({.number = 7});
  try {
    const std::unique_ptr<NfQueue> second = bind({.number = 7});
    FAIL() << "bound twice";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EPERM);
    EXPECT_NE(std::string(error.what()).find("queue 7 is taken by another process"), std::string::npos)
        << error.what();
  }
}

TEST_F(NfQueueTest, FreesItsNumberAtTheEnd) {
  { const std::unique_ptr<NfQueue> first = bind({.number = 7}); }
  EXPECT_NO_THROW(bind({.number = 7}));
}

TEST_F(NfQueueTest, SaysThatACapabilityIsMissing) {
  const pid_t child = fork();
  if (child == 0) {
    int status = 1;
    try {
      const Inside inside(lab.router);
      if (setresuid(65'534, 65'534, 65'534) != 0) _exit(2);
      const NfQueue queue({});
    } catch (const std::system_error& error) {
      const bool named = std::string(error.what()).find("CAP_NET_ADMIN") != std::string::npos;
      status = error.code().value() == EPERM && named ? 0 : 3;
    }
    _exit(status);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(NfQueueTest, ReturnsAtOnceWhenWokenBeforehand) {
  const std::unique_ptr<NfQueue> queue = bind();
  queue->wake();
  EXPECT_TRUE(queue->receive(1h).empty());
}

TEST_F(NfQueueTest, ReturnsWhenWokenFromAnotherThread) {
  const std::unique_ptr<NfQueue> queue = bind();
  std::thread other([&queue] { queue->wake(); });
  EXPECT_TRUE(queue->receive(1h).empty());
  other.join();
}

TEST_F(NfQueueTest, ReturnsEmptyWhenTheTimeIsUp) {
  const std::unique_ptr<NfQueue> queue = bind();
  EXPECT_TRUE(queue->receive(0s).empty());
  EXPECT_TRUE(queue->receive(5ms).empty());
  EXPECT_TRUE(queue->receive(-1s).empty());
}

TEST_F(NfQueueTest, DropsWhatDoesNotFitWhenItFailsClosed) {
  queue_forwarded();
  const std::unique_ptr<NfQueue> queue = bind({.length = 16});
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, server_ipv4, 5000);
  for (int count = 0; count < 40; ++count) client.send("x", endpoint(server_ipv4, 5000));
  ASSERT_TRUE(
      eventually([&] { return queue->statistics().waiting + queue->statistics().kernel_dropped == 40; }));
  EXPECT_EQ(queue->statistics().waiting, 16U);
  EXPECT_EQ(queue->statistics().kernel_dropped, 24U);
  EXPECT_FALSE(server.has_datagram());
}

TEST_F(NfQueueTest, PassesWhatDoesNotFitWhenItFailsOpen) {
  queue_forwarded();
  const std::unique_ptr<NfQueue> queue = bind({.length = 16, .fail_open = true});
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, server_ipv4, 5000);
  for (int count = 0; count < 40; ++count) client.send("x", endpoint(server_ipv4, 5000));
  for (int count = 0; count < 24; ++count) EXPECT_TRUE(server.receive().has_value());
  EXPECT_EQ(queue->statistics().waiting, 16U);
  EXPECT_EQ(queue->statistics().kernel_dropped, 0U);
  EXPECT_FALSE(server.has_datagram());
}

// The flag for large packets must survive next to the one for failing open.
TEST_F(NfQueueTest, TakesLargePacketsWholeWhenItFailsOpen) {
  queue_forwarded();
  const QueueReader reader(lab.router, {.fail_open = true});
  const std::string data(4U << 20U, 'x');
  EXPECT_TRUE(transfer_by_tcp(lab.client, lab.server, server_ipv4, 6000, data) == data);
  std::uint32_t largest = 0;
  for (const SeenPacket& packet : reader.seen()) largest = std::max(largest, packet.wire_length);
  EXPECT_GT(largest, 3000U);
}

TEST_F(NfQueueTest, AdoptsWhatWaitsThoughSomeWasLostAtTheSocket) {
  queue_forwarded();
  std::unique_ptr<NfQueue> before = bind({.receive_buffer_bytes = 4096});
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, server_ipv4, 5000);
  const std::uint64_t waiting = overfill(*before, client).waiting;
  const std::unique_ptr<NfQueue> queue = adopt(std::move(before));
  EXPECT_EQ(read_bursts(*queue, waiting, [](const QueuedPacket&) { return Verdict::accept; }), waiting);
  for (std::uint64_t count = 0; count < waiting; ++count) EXPECT_TRUE(server.receive().has_value());
  EXPECT_TRUE(queue->receive(0s).empty());
  expect_balance(*queue, waiting, 0);
}

TEST_F(NfQueueTest, DropsWhatAProcessBeforeHadTakenAndNotAnswered) {
  queue_forwarded();
  std::unique_ptr<NfQueue> before = bind({.receive_buffer_bytes = 4096});
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, server_ipv4, 5000);
  const std::uint64_t waiting = overfill(*before, client).waiting + 2;
  const std::size_t taken = before->receive(1s).size();
  ASSERT_GT(taken, 2U) << "now there is room again, behind a gap";
  for (int count = 0; count < 2; ++count) client.send("y", endpoint(server_ipv4, 5000));
  ASSERT_TRUE(eventually([&] { return before->statistics().waiting == waiting; }));
  const std::unique_ptr<NfQueue> queue = adopt(std::move(before));
  const std::uint64_t left = waiting - taken;
  EXPECT_EQ(read_bursts(*queue, left, [](const QueuedPacket&) { return Verdict::accept; }), left);
  for (std::uint64_t count = 0; count < left; ++count) EXPECT_TRUE(server.receive().has_value());
  EXPECT_FALSE(server.has_datagram());
  EXPECT_TRUE(queue->receive(0s).empty());
  expect_balance(*queue, waiting, taken);
}

TEST_F(NfQueueTest, DropsWhatWasNotAnsweredThoughNothingElseWaits) {
  queue_forwarded();
  std::unique_ptr<NfQueue> before = bind();
  const UdpSocket client(lab.client, "10.9.1.1", 4000);
  const UdpSocket server(lab.server, server_ipv4, 5000);
  for (int count = 0; count < 5; ++count) client.send("x", endpoint(server_ipv4, 5000));
  ASSERT_TRUE(eventually([&] { return before->statistics().waiting == 5; }));
  ASSERT_EQ(before->receive(1s).size(), 5U);
  const std::unique_ptr<NfQueue> queue = adopt(std::move(before));
  EXPECT_TRUE(queue->receive(0s).empty());
  expect_balance(*queue, 5, 5);
  client.send("y", endpoint(server_ipv4, 5000));
  EXPECT_EQ(read_bursts(*queue, 1, [](const QueuedPacket&) { return Verdict::accept; }), 1U);
  EXPECT_EQ(server.receive(), "y");
  expect_balance(*queue, 6, 5);
}

TEST_F(NfQueueTest, GetsTheReceiveBufferItAskedFor) {
  EXPECT_EQ(bind({.receive_buffer_bytes = 16U << 20U})->receive_buffer_bytes(), 16U << 20U);
}

}  // namespace
}  // namespace vpcwall::test

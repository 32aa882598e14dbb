#include <arpa/inet.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <random>
#include <thread>

#include "bench/traffic/traffic.h"

namespace vpcwall::bench {
namespace {

constexpr std::size_t burst = 32;

struct SynPacket {
  iphdr ip;
  tcphdr tcp;
};
static_assert(sizeof(SynPacket) == 40);

std::uint32_t sum_of(const void* data, std::size_t bytes) {
  std::uint32_t sum = 0;
  std::array<std::uint16_t, 20> words{};
  std::memcpy(words.data(), data, bytes);
  for (std::size_t i = 0; i < bytes / 2; ++i) sum += words[i];
  return sum;
}

// RFC 1071, over the pseudo header and the TCP header.
std::uint16_t checksum(const SynPacket& packet) {
  std::uint32_t sum = sum_of(&packet.tcp, sizeof packet.tcp) + sum_of(&packet.ip.saddr, 8) +
                      htons(IPPROTO_TCP) + htons(sizeof packet.tcp);
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

nlohmann::ordered_json flood_with_syns(const Target& target, const std::string& source, double rate) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
  if (socket.get() < 0) fail("raw socket");
  set_option(socket.get(), SOL_SOCKET, SO_SNDBUFFORCE, 8 << 20);
  sockaddr_in to = endpoint(target.address, target.port);
  std::array<SynPacket, burst> packets{};
  std::array<iovec, burst> parts{};
  std::array<mmsghdr, burst> messages{};
  for (std::size_t i = 0; i < burst; ++i) {
    packets[i].ip.version = 4;
    packets[i].ip.ihl = 5;
    packets[i].ip.tot_len = htons(sizeof(SynPacket));
    packets[i].ip.ttl = 64;
    packets[i].ip.protocol = IPPROTO_TCP;
    packets[i].ip.saddr = endpoint(source, 0).sin_addr.s_addr;
    packets[i].ip.daddr = to.sin_addr.s_addr;
    packets[i].tcp.doff = 5;
    packets[i].tcp.syn = 1;
    packets[i].tcp.window = htons(1024);
    packets[i].tcp.dest = to.sin_port;
    parts[i] = {&packets[i], sizeof(SynPacket)};
    messages[i].msg_hdr.msg_name = &to;
    messages[i].msg_hdr.msg_namelen = sizeof to;
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  to.sin_port = 0;  // a raw socket has none
  std::minstd_rand random(1);
  std::uint64_t sent = 0;
  const auto start = Clock::now();
  for (double passed = 0; (passed = seconds_since(start)) < target.seconds;) {
    if (rate > 0 && static_cast<double>(sent) >= passed * rate) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
      continue;
    }
    for (SynPacket& packet : packets) {
      packet.tcp.source = htons(static_cast<std::uint16_t>(1024 + random() % 64000));
      packet.tcp.seq = static_cast<std::uint32_t>(random());
      packet.tcp.check = 0;
      packet.tcp.check = checksum(packet);
    }
    const int count = ::sendmmsg(socket.get(), messages.data(), burst, 0);
    if (count > 0) sent += static_cast<std::uint64_t>(count);
  }
  return {{"sent", sent}, {"per_second", static_cast<double>(sent) / seconds_since(start)}};
}

}  // namespace vpcwall::bench

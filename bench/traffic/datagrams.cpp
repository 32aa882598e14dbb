#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "bench/traffic/traffic.h"

namespace vpcwall::bench {
namespace {

constexpr unsigned burst = 32;

std::uint64_t send_from_one_thread(const Target& target, unsigned flows, std::size_t bytes) {
  std::vector<FileDescriptor> sockets;
  for (unsigned i = 0; i < flows; ++i) {
    sockets.emplace_back(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (sockets.back().get() < 0) fail("socket");
    set_option(sockets.back().get(), SOL_SOCKET, SO_SNDBUFFORCE, 4 << 20);
    const sockaddr_in to =
        endpoint(target.address, static_cast<std::uint16_t>(target.port + i % target.ports));
    if (::connect(sockets.back().get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
      fail("connect");
  }
  std::vector<char> payload(bytes);
  iovec part{payload.data(), payload.size()};
  std::vector<mmsghdr> messages(burst);
  for (mmsghdr& message : messages) {
    message.msg_hdr.msg_iov = &part;
    message.msg_hdr.msg_iovlen = 1;
  }
  std::uint64_t sent = 0;
  const auto start = Clock::now();
  for (std::size_t turn = 0; seconds_since(start) < target.seconds; ++turn) {
    const int count = ::sendmmsg(sockets[turn % flows].get(), messages.data(), burst, 0);
    if (count > 0) sent += static_cast<std::uint64_t>(count);  // a full device queue refuses some
  }
  return sent;
}

}  // namespace

nlohmann::ordered_json send_datagrams(const Target& target, unsigned flows, std::size_t bytes,
                                      unsigned threads) {
  allow_many_descriptors();
  std::atomic<std::uint64_t> sent{0};
  const auto start = Clock::now();
  {
    std::vector<std::jthread> senders;
    for (unsigned i = 0; i < threads; ++i)
      senders.emplace_back([&, i] {
        pin_to(i);
        sent += send_from_one_thread(target, flows, bytes);
      });
  }
  return {{"sent", sent.load()}, {"seconds", seconds_since(start)}};
}

}  // namespace vpcwall::bench

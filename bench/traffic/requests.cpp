#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "bench/traffic/traffic.h"

namespace vpcwall::bench {
namespace {

struct Pending {
  FileDescriptor socket;
  Clock::time_point sent;
  std::size_t received = 0;
};

}  // namespace

nlohmann::ordered_json request_and_respond(const Target& target, unsigned connections, std::size_t bytes) {
  const FileDescriptor poll(::epoll_create1(EPOLL_CLOEXEC));
  if (poll.get() < 0) fail("epoll_create1");
  std::vector<char> buffer(bytes);
  std::vector<Pending> all(connections);
  const auto ask = [&](Pending& one) {
    one.received = 0;
    one.sent = Clock::now();
    if (::send(one.socket.get(), buffer.data(), bytes, MSG_NOSIGNAL) != static_cast<ssize_t>(bytes))
      fail("send");
  };
  for (unsigned i = 0; i < connections; ++i) {
    Pending& one = all[i];
    one.socket = FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in to =
        endpoint(target.address, static_cast<std::uint16_t>(target.port + i % target.ports));
    if (::connect(one.socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fail("connect");
    set_option(one.socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    if (::fcntl(one.socket.get(), F_SETFL, O_NONBLOCK) != 0) fail("fcntl");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = i;
    if (::epoll_ctl(poll.get(), EPOLL_CTL_ADD, one.socket.get(), &event) != 0) fail("epoll_ctl");
    ask(one);
  }
  std::vector<float> times;
  std::array<epoll_event, 256> events{};
  const auto start = Clock::now();
  while (seconds_since(start) < target.seconds) {
    const int count = ::epoll_wait(poll.get(), events.data(), events.size(), 100);
    for (int i = 0; i < count; ++i) {
      Pending& one = all[events[static_cast<std::size_t>(i)].data.u32];
      const ssize_t got = ::recv(one.socket.get(), buffer.data(), bytes, 0);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) fail("recv");
      one.received += static_cast<std::size_t>(got);
      if (one.received < bytes) continue;
      times.push_back(static_cast<float>(seconds_since(one.sent) * 1e6));
      ask(one);
    }
  }
  nlohmann::ordered_json result = percentiles(times);
  result["per_second"] = static_cast<double>(times.size()) / seconds_since(start);
  return result;
}

}  // namespace vpcwall::bench

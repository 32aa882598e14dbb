#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "bench/traffic/traffic.h"

namespace vpcwall::bench {
namespace {

enum class Kind : std::uint8_t { connection, listener, datagrams };

class EchoServer {
 public:
  EchoServer() : poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (poll_.get() < 0) fail("epoll_create1");
  }

  void open(std::uint16_t port) {
    const sockaddr_in here = endpoint("0.0.0.0", port);
    for (const auto& [type, kind] :
         {std::pair(SOCK_STREAM, Kind::listener), std::pair(SOCK_DGRAM, Kind::datagrams)}) {
      const int socket = ::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      if (socket < 0) fail("socket");
      if (kind == Kind::listener) set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
      if (::bind(socket, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0) fail("bind");
      if (kind == Kind::listener && ::listen(socket, 4096) != 0) fail("listen");
      watch(socket, kind);
    }
  }

  void run() {
    std::array<epoll_event, 256> events{};
    for (;;) {
      const int count = ::epoll_wait(poll_.get(), events.data(), events.size(), -1);
      if (count < 0 && errno != EINTR) fail("epoll_wait");
      for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)].data.fd);
    }
  }

 private:
  void watch(int socket, Kind kind) {
    if (kinds_.size() <= static_cast<std::size_t>(socket))
      kinds_.resize(static_cast<std::size_t>(socket) + 1024);
    kinds_[static_cast<std::size_t>(socket)] = kind;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, socket, &event) != 0) fail("epoll_ctl");
  }

  void handle(int socket) {
    switch (kinds_[static_cast<std::size_t>(socket)]) {
      case Kind::listener:
        for (int one = 0; (one = ::accept4(socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
          set_option(one, IPPROTO_TCP, TCP_NODELAY, 1);
          watch(one, Kind::connection);
        }
        return;
      case Kind::datagrams: {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const ssize_t got =
            ::recvfrom(socket, buffer_.data(), buffer_.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
        if (got >= 0)
          ::sendto(socket, buffer_.data(), static_cast<std::size_t>(got), 0,
                   reinterpret_cast<sockaddr*>(&from), size);
        return;
      }
      case Kind::connection: {
        const ssize_t got = ::recv(socket, buffer_.data(), buffer_.size(), 0);
        if (got > 0)
          ::send(socket, buffer_.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
        else if (got == 0 || errno != EAGAIN)
          ::close(socket);
        return;
      }
    }
  }

  FileDescriptor poll_;
  std::vector<Kind> kinds_;  // by descriptor
  std::vector<char> buffer_ = std::vector<char>(65536);
};

}  // namespace

void serve_echo(const Target& target) {
  allow_many_descriptors();
  EchoServer server;
  for (std::uint16_t i = 0; i < target.ports; ++i) server.open(static_cast<std::uint16_t>(target.port + i));
  server.run();
}

}  // namespace vpcwall::bench

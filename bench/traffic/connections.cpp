#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "bench/traffic/traffic.h"

namespace vpcwall::bench {
namespace {

struct Connection {
  Clock::time_point begun;
  bool open = false;
};

class Connector {
 public:
  Connector(const Target& target, const std::vector<std::string>& sources)
      : target_(target), sources_(sources), poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (poll_.get() < 0) fail("epoll_create1");
  }

  nlohmann::ordered_json run(unsigned at_once) {
    const auto start = Clock::now();
    std::array<epoll_event, 256> events{};
    while (seconds_since(start) < target_.seconds) {
      while (live_ < at_once && begin()) {
      }
      const int count = ::epoll_wait(poll_.get(), events.data(), events.size(), 20);
      for (int i = 0; i < count; ++i) go_on(events[static_cast<std::size_t>(i)].data.fd);
    }
    nlohmann::ordered_json result = percentiles(times_);
    result["failed"] = failed_;
    result["per_second"] = static_cast<double>(times_.size()) / seconds_since(start);
    return result;
  }

 private:
  bool begin() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) return false;
    if (!sources_.empty()) {
      set_option(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
      const sockaddr_in from = endpoint(sources_[turn_ % sources_.size()], 0);
      if (::bind(socket, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) fail("bind");
    }
    const sockaddr_in to =
        endpoint(target_.address, static_cast<std::uint16_t>(target_.port + turn_ % target_.ports));
    ++turn_;
    if (connections_.size() <= static_cast<std::size_t>(socket))
      connections_.resize(static_cast<std::size_t>(socket) + 64);
    connections_[static_cast<std::size_t>(socket)] = {Clock::now(), false};
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS) {
      ++failed_;
      ::close(socket);
      return false;
    }
    watch(socket, EPOLL_CTL_ADD, EPOLLOUT);
    ++live_;
    return true;
  }

  void go_on(int socket) {
    Connection& connection = connections_[static_cast<std::size_t>(socket)];
    if (!connection.open) {
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0 || ::send(socket, "x", 1, MSG_NOSIGNAL) != 1) return end(socket, false);
      connection.open = true;
      return watch(socket, EPOLL_CTL_MOD, EPOLLIN);
    }
    char answer = 0;
    const ssize_t got = ::recv(socket, &answer, 1, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got == 1) times_.push_back(static_cast<float>(seconds_since(connection.begun) * 1e6));
    end(socket, got == 1);
  }

  void end(int socket, bool well) {
    failed_ += well ? 0U : 1U;
    ::close(socket);
    --live_;
  }

  void watch(int socket, int operation, std::uint32_t what) {
    epoll_event event{};
    event.events = what;
    event.data.fd = socket;
    if (::epoll_ctl(poll_.get(), operation, socket, &event) != 0) fail("epoll_ctl");
  }

  const Target& target_;
  const std::vector<std::string>& sources_;
  FileDescriptor poll_;
  std::vector<Connection> connections_;  // by descriptor
  std::vector<float> times_;
  std::size_t turn_ = 0;
  unsigned live_ = 0;
  std::uint64_t failed_ = 0;
};

}  // namespace

nlohmann::ordered_json connect_again_and_again(const Target& target, unsigned at_once,
                                               const std::vector<std::string>& sources) {
  allow_many_descriptors();
  return Connector(target, sources).run(at_once);
}

}  // namespace vpcwall::bench

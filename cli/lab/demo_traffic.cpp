#include "cli/lab/demo_traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "cli/lab/network_namespace.h"

namespace vpcwall {
namespace {

using Clock = std::chrono::steady_clock;

// Lock-free, so that a signal handler may write it.
std::atomic<bool>& interruption_asked() noexcept {
  static std::atomic<bool> asked = false;
  static_assert(std::atomic<bool>::is_always_lock_free);
  return asked;
}

void note_interruption(int) { interruption_asked() = true; }

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const IpAddress& address, std::uint16_t port) {
  SocketAddress result;
  const std::string text = to_string(address);
  if (address.family == Family::ipv4) {
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(port);
    ::inet_pton(AF_INET, text.c_str(), &ipv4.sin_addr);
    std::memcpy(&result.storage, &ipv4, sizeof(ipv4));
    result.size = sizeof(ipv4);
  } else {
    sockaddr_in6 ipv6{};
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(port);
    ::inet_pton(AF_INET6, text.c_str(), &ipv6.sin6_addr);
    std::memcpy(&result.storage, &ipv6, sizeof(ipv6));
    result.size = sizeof(ipv6);
  }
  return result;
}

OwnedDescriptor tcp_socket(const IpAddress& address) {
  const int family = address.family == Family::ipv4 ? AF_INET : AF_INET6;
  OwnedDescriptor made{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!made) fail("socket");
  return made;
}

OwnedDescriptor listen_on(const IpAddress& address, std::uint16_t port) {
  OwnedDescriptor listener = tcp_socket(address);
  const int on = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const SocketAddress where = socket_address(address, port);
  if (::bind(listener.get(), where.get(), where.size) != 0) fail("bind");
  if (::listen(listener.get(), SOMAXCONN) != 0) fail("listen");
  return listener;
}

// In short turns, so that an interruption is noticed even if another thread took the signal.
bool wait_until_ready(int descriptor, short events, Clock::time_point deadline) {
  for (;;) {
    check_interrupted();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    pollfd entry{descriptor, events, 0};
    const int ready =
        ::poll(&entry, 1, static_cast<int>(std::min(left, std::chrono::milliseconds{100}).count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) fail("poll");
  }
}

// False when the peer has gone or does not read: then there is nobody to echo to.
bool echo_once(int connection) {
  std::array<char, 4096> buffer{};
  const ssize_t received = ::recv(connection, buffer.data(), buffer.size(), 0);
  if (received < 0) return errno == EAGAIN || errno == EINTR;
  if (received == 0) return false;
  return ::send(connection, buffer.data(), static_cast<std::size_t>(received), MSG_NOSIGNAL) == received;
}

}  // namespace

void catch_interruptions() {
  struct sigaction action {};
  action.sa_handler = note_interruption;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
  // Whoever stops reading the story (`| head`) must not keep it from cleaning up.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
}

void check_interrupted() {
  if (interruption_asked()) throw Interrupted();
}

EchoServer::EchoServer(const std::string& network_namespace, const IpAddress& address,
                       const std::vector<std::uint16_t>& ports)
    : stop_(::eventfd(0, EFD_CLOEXEC)) {
  if (!stop_) fail("eventfd");
  inside_namespace(network_namespace, [&] {
    for (const std::uint16_t port : ports) listeners_.push_back(listen_on(address, port));
  });
  thread_ = std::thread([this] { serve(); });
}

EchoServer::~EchoServer() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void EchoServer::serve() {
  std::vector<OwnedDescriptor> connections;
  for (;;) {
    std::vector<pollfd> entries{{stop_.get(), POLLIN, 0}};
    for (const OwnedDescriptor& listener : listeners_) entries.push_back({listener.get(), POLLIN, 0});
    for (const OwnedDescriptor& connection : connections) entries.push_back({connection.get(), POLLIN, 0});
    if (::poll(entries.data(), entries.size(), -1) < 0) continue;  // EINTR is all that can happen here
    if (entries.front().revents != 0) return;

    const std::size_t first_connection = 1 + listeners_.size();
    for (std::size_t i = entries.size(); i > first_connection; --i) {
      if (entries[i - 1].revents != 0 && !echo_once(entries[i - 1].fd)) {
        connections.erase(connections.begin() + static_cast<std::ptrdiff_t>(i - 1 - first_connection));
      }
    }
    for (const OwnedDescriptor& listener : listeners_) {
      OwnedDescriptor accepted{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
      if (accepted) connections.push_back(std::move(accepted));
    }
  }
}

std::optional<EchoConnection> EchoConnection::open(const std::string& network_namespace,
                                                   const IpAddress& address, std::uint16_t port,
                                                   std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  OwnedDescriptor made;
  inside_namespace(network_namespace, [&] { made = tcp_socket(address); });
  // Closing resets: a story's connections end when it says so and send nothing later.
  const linger reset{1, 0};
  ::setsockopt(made.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  const SocketAddress where = socket_address(address, port);
  if (::connect(made.get(), where.get(), where.size) != 0 && errno != EINPROGRESS) return std::nullopt;
  if (!wait_until_ready(made.get(), POLLOUT, deadline)) return std::nullopt;
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(made.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return std::nullopt;
  return EchoConnection(std::move(made));
}

bool EchoConnection::echoes(std::string_view line, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  const std::string sent = std::string{line} + '\n';
  if (::send(socket_.get(), sent.data(), sent.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(sent.size()))
    return false;
  std::string received;
  while (received.size() < sent.size()) {
    if (!wait_until_ready(socket_.get(), POLLIN, deadline)) return false;
    std::array<char, 4096> buffer{};
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    received.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return received == sent;
}

}  // namespace vpcwall

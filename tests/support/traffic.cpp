#include "support/traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <future>
#include <stdexcept>
#include <system_error>

namespace vpcwall::test {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::system_category(), what); }

FileDescriptor open_socket(const NetworkNamespace& place, const Endpoint& local, int type) {
  const Inside inside(place);
  FileDescriptor opened{socket(local.address.ss_family, type | SOCK_CLOEXEC, 0)};
  if (!opened) fail("socket");
  const int on = 1;
  setsockopt(opened.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const timeval patience{.tv_sec = patience_seconds, .tv_usec = 0};
  setsockopt(opened.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(opened.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (bind(opened.get(), reinterpret_cast<const sockaddr*>(&local.address), local.size) != 0) fail("bind");
  return opened;
}

}  // namespace

Endpoint endpoint(const std::string& address, std::uint16_t port) {
  Endpoint result;
  auto* ipv4 = reinterpret_cast<sockaddr_in*>(&result.address);
  auto* ipv6 = reinterpret_cast<sockaddr_in6*>(&result.address);
  if (inet_pton(AF_INET, address.c_str(), &ipv4->sin_addr) == 1) {
    ipv4->sin_family = AF_INET;
    ipv4->sin_port = htons(port);
    result.size = sizeof *ipv4;
  } else if (inet_pton(AF_INET6, address.c_str(), &ipv6->sin6_addr) == 1) {
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(port);
    result.size = sizeof *ipv6;
  } else {
    throw std::invalid_argument(address);
  }
  return result;
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(patience_seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

UdpSocket::UdpSocket(const NetworkNamespace& place, const std::string& address, std::uint16_t port)
    : socket_(open_socket(place, endpoint(address, port), SOCK_DGRAM)) {
  // Lets IPv4 split what is larger than the device takes, as IPv6 does by itself.
  const int never = IP_PMTUDISC_DONT;
  setsockopt(socket_.get(), IPPROTO_IP, IP_MTU_DISCOVER, &never, sizeof never);
}

void UdpSocket::send(const std::string& text, const Endpoint& to) const {
  const auto* address = reinterpret_cast<const sockaddr*>(&to.address);
  if (sendto(socket_.get(), text.data(), text.size(), 0, address, to.size) < 0) fail("sendto");
}

std::optional<std::string> UdpSocket::receive(Endpoint* from) const {
  std::string buffer(65'536, '\0');
  Endpoint sender;
  sender.size = sizeof sender.address;
  const ssize_t size = recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                                reinterpret_cast<sockaddr*>(&sender.address), &sender.size);
  if (size < 0) return std::nullopt;
  buffer.resize(static_cast<std::size_t>(size));
  if (from != nullptr) *from = sender;
  return buffer;
}

bool UdpSocket::has_datagram() const {
  pollfd watched{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  return poll(&watched, 1, 0) == 1;
}

std::uint16_t UdpSocket::port() const {
  sockaddr_in6 own{};
  socklen_t size = sizeof own;
  if (getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&own), &size) != 0) fail("getsockname");
  return ntohs(own.sin6_port);  // the port stands at the same place in both families
}

std::string transfer_by_tcp(const NetworkNamespace& from, const NetworkNamespace& to,
                            const std::string& address, std::uint16_t port, const std::string& data) {
  const Endpoint server = endpoint(address, port);
  const FileDescriptor listener = open_socket(to, server, SOCK_STREAM);
  if (listen(listener.get(), 1) != 0) fail("listen");
  std::future<std::string> received = std::async(std::launch::async, [&listener] {
    std::string all;
    const FileDescriptor connection{accept(listener.get(), nullptr, nullptr)};
    if (!connection) return all;
    std::array<char, 65'536> piece{};
    for (;;) {
      const ssize_t size = recv(connection.get(), piece.data(), piece.size(), 0);
      if (size <= 0) return all;
      all.append(piece.data(), static_cast<std::size_t>(size));
    }
  });
  {
    const std::string any = server.address.ss_family == AF_INET ? "0.0.0.0" : "::";
    const FileDescriptor connection = open_socket(from, endpoint(any, 0), SOCK_STREAM);
    const auto* target = reinterpret_cast<const sockaddr*>(&server.address);
    if (connect(connection.get(), target, server.size) != 0) fail("connect");
    std::string_view rest = data;
    while (!rest.empty()) {
      const ssize_t size = ::send(connection.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (size < 0) fail("send");
      rest.remove_prefix(static_cast<std::size_t>(size));
    }
  }
  return received.get();
}

QueueReader::QueueReader(const NetworkNamespace& place, const QueueSettings& settings, Judge judge)
    : judge_(std::move(judge)) {
  const Inside inside(place);
  queue_ = std::make_unique<NfQueue>(settings);
  thread_ = std::thread([this] { run(); });
}

QueueReader::~QueueReader() {
  stopping_ = true;
  queue_->wake();
  thread_.join();
}

std::vector<SeenPacket> QueueReader::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void QueueReader::run() {
  std::vector<Verdict> verdicts;
  while (!stopping_) {
    verdicts.clear();
    const std::span<const QueuedPacket> burst = queue_->receive(std::chrono::hours(1));
    {
      const std::lock_guard lock(mutex_);
      for (const QueuedPacket& packet : burst) {
        seen_.push_back({.bytes = {packet.bytes.begin(), packet.bytes.end()},
                         .wire_length = packet.wire_length,
                         .in_device = packet.in_device,
                         .out_device = packet.out_device,
                         .hook = packet.hook});
        verdicts.push_back(judge_(packet));
      }
    }
    if (!burst.empty()) queue_->answer(verdicts);
  }
}

std::size_t read_bursts(NfQueue& queue, std::size_t count, const QueueReader::Judge& judge) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(patience_seconds);
  std::size_t total = 0;
  while (total < count && std::chrono::steady_clock::now() < deadline) {
    const std::span<const QueuedPacket> burst = queue.receive(std::chrono::seconds(1));
    std::vector<Verdict> verdicts;
    for (const QueuedPacket& packet : burst) verdicts.push_back(judge(packet));
    total += burst.size();
    if (!burst.empty()) queue.answer(verdicts);
  }
  return total;
}

}  // namespace vpcwall::test

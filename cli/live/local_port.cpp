#include "cli/live/local_port.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace vpcwall {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

int family_of(Family family) noexcept { return family == Family::ipv4 ? AF_INET : AF_INET6; }

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

std::uint32_t low_half(std::uint64_t value) noexcept {
  return static_cast<std::uint32_t>(value & 0xffffffffU);
}

SocketAddress socket_address(const IpAddress& address) {
  SocketAddress result;
  if (address.family == Family::ipv4) {
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    ipv4.sin_addr.s_addr = htonl(low_half(address.high >> 32U));
    std::memcpy(&result.storage, &ipv4, sizeof(ipv4));
    result.size = sizeof(ipv4);
  } else {
    sockaddr_in6 ipv6{};
    ipv6.sin6_family = AF_INET6;
    const std::array<std::uint32_t, 4> words{
        htonl(low_half(address.high >> 32U)), htonl(low_half(address.high)),
        htonl(low_half(address.low >> 32U)), htonl(low_half(address.low))};
    std::memcpy(&ipv6.sin6_addr, words.data(), sizeof(ipv6.sin6_addr));
    std::memcpy(&result.storage, &ipv6, sizeof(ipv6));
    result.size = sizeof(ipv6);
  }
  return result;
}

bool is_from(const SocketAddress& from, const IpAddress& source) {
  const SocketAddress wanted = socket_address(source);
  if (source.family == Family::ipv4)
    return reinterpret_cast<const sockaddr_in*>(&from.storage)->sin_addr.s_addr ==
           reinterpret_cast<const sockaddr_in*>(&wanted.storage)->sin_addr.s_addr;
  return std::memcmp(&reinterpret_cast<const sockaddr_in6*>(&from.storage)->sin6_addr,
                     &reinterpret_cast<const sockaddr_in6*>(&wanted.storage)->sin6_addr,
                     sizeof(in6_addr)) == 0;
}

}  // namespace

LocalPort::LocalPort(Family family, Protocol protocol)
    : family_(family),
      sender_(::socket(family_of(family), SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW)),
      receiver_(
          ::socket(family_of(family), SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, static_cast<int>(protocol))) {
  if (sender_.get() < 0 || receiver_.get() < 0) fail("cannot open a raw socket");
  const int yes = 1;
  if (family == Family::ipv4 && ::setsockopt(sender_.get(), SOL_SOCKET, SO_BROADCAST, &yes, sizeof(yes)) != 0)
    fail("cannot prepare a raw socket");
}

void LocalPort::send(const Packet& packet, std::span<const std::byte> bytes) {
  SocketAddress to = socket_address(packet.destination);
  const ssize_t sent = ::sendto(sender_.get(), bytes.data(), bytes.size(), 0, to.get(), to.size);
  // A packet that the OUTPUT hooks drop is EPERM to its sender: that is what is being tested.
  if (sent < 0 && errno != EPERM) fail("cannot send a packet to " + to_string(packet.destination));
}

bool LocalPort::receives_from(const IpAddress& source, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    std::array<std::byte, 65536> buffer;
    SocketAddress from;
    const ssize_t size = ::recvfrom(receiver_.get(), buffer.data(), buffer.size(), 0, from.get(), &from.size);
    if (size >= 0) {
      if (is_from(from, source)) return true;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) fail("cannot receive packets");
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd wanted{receiver_.get(), POLLIN, 0};
    if (::poll(&wanted, 1, static_cast<int>(left.count())) < 0 && errno != EINTR)
      fail("cannot wait for packets");
  }
}

}  // namespace vpcwall

#include "cli/live/packet_port.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>

namespace vpcwall {
namespace {

constexpr std::size_t largest_packet = 65535 + 40;
constexpr int receive_buffer = 4 << 20;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::uint16_t ether_type(std::span<const std::byte> packet) noexcept {
  const bool ipv6 = !packet.empty() && (std::to_integer<unsigned>(packet[0]) >> 4U) == 6;
  return ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP;
}

}  // namespace

MacAddress parse_mac(const std::string& text) {
  MacAddress mac{};
  std::array<unsigned, 6> parts{};
  char rest = 0;
  if (std::sscanf(text.c_str(), "%2x:%2x:%2x:%2x:%2x:%2x%c", &parts[0], &parts[1], &parts[2], &parts[3],
                  &parts[4], &parts[5], &rest) != 6)
    throw std::invalid_argument("'" + text + "' is no MAC address");
  for (std::size_t i = 0; i < mac.size(); ++i) mac.at(i) = static_cast<std::uint8_t>(parts.at(i));
  return mac;
}

PacketPort::PacketPort(const std::string& device, const MacAddress& peer)
    : socket_(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), peer_(peer) {
  if (socket_.get() < 0) fail("cannot open a packet socket");
  device_ = static_cast<int>(::if_nametoindex(device.c_str()));
  if (device_ == 0) fail("no network device " + device);
  static_cast<void>(
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof(receive_buffer)));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = device_;
  if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    fail("cannot watch " + device);
  drain();  // what came in on other devices before the socket was bound
}

void PacketPort::send(std::span<const std::byte> packet) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ether_type(packet));
  address.sll_ifindex = device_;
  address.sll_halen = static_cast<unsigned char>(peer_.size());
  std::copy(peer_.begin(), peer_.end(), address.sll_addr);
  const ssize_t sent = ::sendto(socket_.get(), packet.data(), packet.size(), 0,
                                reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  if (sent != static_cast<ssize_t>(packet.size())) fail("cannot send a packet");
}

std::optional<PacketBytes> PacketPort::receive(std::chrono::steady_clock::time_point deadline) {
  PacketBytes packet(largest_packet);
  for (;;) {
    sockaddr_ll from{};
    socklen_t from_size = sizeof(from);
    const ssize_t size = ::recvfrom(socket_.get(), packet.data(), packet.size(), 0,
                                    reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size >= 0) {
      if (from.sll_pkttype == PACKET_OUTGOING) continue;  // what we sent ourselves
      packet.resize(static_cast<std::size_t>(size));
      return packet;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) fail("cannot receive packets");
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return std::nullopt;
    pollfd wanted{socket_.get(), POLLIN, 0};
    if (::poll(&wanted, 1, static_cast<int>(left.count())) < 0 && errno != EINTR)
      fail("cannot wait for packets");
  }
}

void PacketPort::drain() {
  while (receive(std::chrono::steady_clock::now())) continue;
}

}  // namespace vpcwall

#include "daemon/service/upkeep.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include "daemon/firewall.h"
#include "daemon/log/log.h"

namespace vpcwall {
namespace {

FileDescriptor listen_to(int protocol, int group, const char* what) {
  FileDescriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  // Without an address of its own a socket is taken for the kernel's, and hears nothing of what that says.
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  if (socket && ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0 &&
      ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0)
    return socket;
  spdlog::warn("the kernel does not tell of changes of {}: {}", what, std::strerror(errno));
  return {};
}

// Whether there was anything. What it was does not matter: the firewall looks for itself, and then also sees
// what was lost because the socket was full.
bool drain(const FileDescriptor& socket) {
  bool any = false;
  std::array<char, 64> start{};
  constexpr int most = 10'000;  // messages; the rest is there the next time
  for (int i = 0; socket && i < most; ++i) {
    if (::recv(socket.get(), start.data(), start.size(), MSG_TRUNC) < 0 && errno != ENOBUFS) break;
    any = true;
  }
  return any;
}

}  // namespace

Upkeep::Upkeep(Firewall& firewall, TimePoint now)
    : firewall_(firewall),
      devices_(listen_to(NETLINK_ROUTE, RTNLGRP_LINK, "devices")),
      rebind_at_(now) {}  // something may have changed before anybody listened

void Upkeep::handle_events(TimePoint now) {
  if (drain(devices_)) rebind_at_ = now;
  if (rebind_at_ && now >= *rebind_at_) rebind(now);
}

void Upkeep::rebind(TimePoint now) {
  rebind_at_.reset();
  try {
    for (const std::string& change : firewall_.rebind_devices())
      log_event(spdlog::level::warn,
                {{"EVENT", "device"}, {"GENERATION", std::to_string(firewall_.policy()->generation)}},
                change);
    last_problem_.clear();
  } catch (const std::exception& error) {
    rebind_at_ = now + again;
    const std::string problem = "devices changed, and cannot be followed yet: " + std::string(error.what());
    if (std::exchange(last_problem_, problem) != problem) spdlog::critical("{}", problem);
  }
}

}  // namespace vpcwall

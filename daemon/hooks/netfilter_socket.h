// A netlink socket to the kernel's netfilter, of the network namespace of the thread that opens it.
#pragma once

#include <libmnl/libmnl.h>

#include <memory>

namespace vpcwall {

struct CloseNetfilterSocket {
  void operator()(mnl_socket* socket) const noexcept { mnl_socket_close(socket); }
};
using NetfilterSocket = std::unique_ptr<mnl_socket, CloseNetfilterSocket>;

// Null when the kernel refuses; errno says why.
[[nodiscard]] inline NetfilterSocket open_netfilter_socket() noexcept {
  NetfilterSocket socket(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
  if (socket && mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0) return nullptr;
  return socket;
}

}  // namespace vpcwall

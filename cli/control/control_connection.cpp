#include "cli/control/control_connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "cli/control/control_client.h"

namespace vpcwall {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

ssize_t send_some(int connection, std::string_view line, int attached) {
  iovec vector{const_cast<char*>(line.data()), line.size()};  // NOLINT: what the call takes; it only reads
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof attached)> control{};
  if (attached >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof attached);
    std::memcpy(CMSG_DATA(part), &attached, sizeof attached);
  }
  return ::sendmsg(connection, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

void wait_for(int descriptor, short events, std::chrono::steady_clock::time_point deadline,
              const std::string& path) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) throw std::runtime_error("no answer from vpcwalld on " + path + " in time");
    pollfd entry{descriptor, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(left.count()));
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) fail("waiting for " + path);
  }
}

void fail_unanswered(const std::string& path) {
  throw NoDaemon("no vpcwalld answers on " + path + ": it has ended, or is none");
}

OwnedDescriptor connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    throw std::runtime_error("control socket path is empty or longer than " +
                             std::to_string(sizeof(address.sun_path) - 1) + " characters: " + path);
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  OwnedDescriptor connection{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!connection) fail("socket");
  while (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == EINTR) continue;
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) {
      throw NoDaemon("no vpcwalld answers on " + path + ": is it running?");
    }
    fail("connecting to " + path);
  }
  return connection;
}

void send_line(int connection, std::string_view line, std::chrono::steady_clock::time_point deadline,
               const std::string& path, int attached) {
  while (!line.empty()) {
    wait_for(connection, POLLOUT, deadline, path);
    const ssize_t sent = send_some(connection, line, attached);
    if (sent >= 0) {
      attached = -1;
      line.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return;  // the daemon has answered (a refusal) without reading it all: go and read the answer
    } else if (errno != EINTR && errno != EAGAIN) {
      fail("sending to " + path);
    }
  }
}

}  // namespace vpcwall

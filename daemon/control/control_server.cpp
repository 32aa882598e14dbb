#include "daemon/control/control_server.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/control/connection_limits.h"

namespace vpcwall {
namespace {

// Of connections that are yet to be looked at.
constexpr int most_at_the_door = 256;
constexpr int most_at_once = 64;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("control socket " + what + ": " + std::strerror(errno));
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw std::runtime_error("control socket " + path + ": the path is longer than " +
                             std::to_string(sizeof address.sun_path - 1) + " bytes");
  path.copy(static_cast<char*>(address.sun_path), path.size());
  return address;
}

FileDescriptor make_socket() {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) fail("cannot be made");
  return socket;
}

const sockaddr* as_sockaddr(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);  // NOLINT: what the socket calls take
}

// A socket file outlives the daemon that made it. If nobody answers there, it is a leftover.
void remove_leftover(const std::string& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return;
  if (!S_ISSOCK(facts.st_mode))
    throw std::runtime_error("control socket " + path +
                             ": something else is there; remove it or choose another path");
  const FileDescriptor probe = make_socket();
  const sockaddr_un address = address_of(path);
  if (::connect(probe.get(), as_sockaddr(address), sizeof address) == 0 || errno == EAGAIN)
    throw std::runtime_error("control socket " + path + ": another vpcwalld answers there; stop it first");
  if (::unlink(path.c_str()) != 0) fail(path + " of a dead daemon cannot be removed");
}

// Of the files that come along the last one is kept; more than a few the kernel does not hand over.
ssize_t receive(int socket, std::span<char> block, FileDescriptor& attached) {
  constexpr std::size_t most_files = 4;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most_files * sizeof(int))> control{};
  iovec vector{block.data(), block.size()};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (size < 0) return size;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; at + sizeof(int) <= part->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(part) + at, sizeof descriptor);
      attached = FileDescriptor(descriptor);
    }
  }
  return size;
}

}  // namespace

ControlServer::ControlServer(const std::string& path, Access access, Handler handler)
    : path_(path),
      handler_(std::move(handler)),
      access_(std::move(access)),
      listener_(make_socket()),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_.get() < 0) fail("cannot be watched");
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  remove_leftover(path);
  const sockaddr_un address = address_of(path);
  const mode_t mask = ::umask(0177);  // nobody gets in before the mode is set
  const int bound = ::bind(listener_.get(), as_sockaddr(address), sizeof address);
  ::umask(mask);
  if (bound != 0) fail(path + " cannot be bound");
  access_.open_file(path);
  if (::listen(listener_.get(), most_at_the_door) != 0) fail(path + " cannot be listened on");
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener_.get()}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_.get(), &event) != 0) fail("cannot be watched");
}

ControlServer::~ControlServer() { ::unlink(path_.c_str()); }

void ControlServer::handle_events(TimePoint now) {
  std::array<epoll_event, 64> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    if (event.data.fd == listener_.get()) {
      accept_connections(now);
      continue;
    }
    const auto found = connections_.find(event.data.fd);
    if (found == connections_.end()) continue;
    Connection& connection = found->second;
    connection.last_progress = now;
    if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_from(connection);
    if (connection.stream &&
        (event.events & (EPOLLHUP | EPOLLERR)) != 0) {  // nobody is left to hear the rest
      connections_.erase(found);
      continue;
    }
    answer_lines(connection);
    write_to(connection);
    if (connection.stream && connection.ready && connection.outgoing.empty()) {
      advance(connection);  // one part, so that others have their turn
      write_to(connection);
    }
    if (connection.closing && connection.outgoing.empty())
      connections_.erase(found);
    else
      watch(connection, false);
  }
}

void ControlServer::drop_silent(TimePoint now) {
  std::erase_if(connections_, [now](const auto& entry) {
    const bool may_wait = entry.second.stream && !entry.second.ready;
    return !may_wait && now - entry.second.last_progress > longest_silence;
  });
}

bool ControlServer::has_streams() const noexcept {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const auto& entry) { return entry.second.stream && !entry.second.ready; });
}

void ControlServer::advance_streams(TimePoint now) {
  if (now < next_advance_) return;
  next_advance_ = now + stream_pause;
  for (auto entry = connections_.begin(); entry != connections_.end();) {
    Connection& connection = entry->second;
    if (connection.stream && !connection.ready) {
      advance(connection);
      connection.last_progress = now;
      write_to(connection);
      if (connection.closing && connection.outgoing.empty()) {
        entry = connections_.erase(entry);
        continue;
      }
      watch(connection, false);
    }
    ++entry;
  }
}

void ControlServer::advance(Connection& connection) {
  if (connection.outgoing.size() >= max_stream_bytes) return;
  const std::size_t room = max_stream_bytes - connection.outgoing.size();
  if (connection.stream(connection.outgoing, room, connection.ending)) return;
  connection.stream = nullptr;
  connection.closing = true;
}

void ControlServer::accept_connections(TimePoint now) {
  // Those that are left are there the next time: others want to be heard as well.
  for (int i = 0; i < most_at_once; ++i) {
    FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.get() < 0) return;
    Connection connection;
    connection.socket = std::move(socket);
    connection.last_progress = now;
    if (const auto refusal = admit(connection.socket.get(), connection.peer)) {
      refuse(connection, *refusal);  // one short line always fits into a fresh socket buffer
      write_to(connection);
      continue;
    }
    const int fd = connection.socket.get();
    watch(connections_.emplace(fd, std::move(connection)).first->second, true);
  }
}

std::optional<std::string> ControlServer::admit(int socket, ControlPeer& peer) {
  const auto credentials = credentials_of(socket);
  if (!credentials) return "permission denied: the kernel does not tell who asks";
  peer = {credentials->process, credentials->user, -1, access_.roles_of(*credentials)};
  if (peer.roles.empty())
    return "permission denied: user " + std::to_string(peer.user) +
           " has no role; root can give one: control.roles in daemon.yaml";
  std::vector<HeldConnection> held;
  for (const auto& [descriptor, one] : connections_)
    held.push_back(
        {descriptor, one.peer.user, one.stream != nullptr || !one.outgoing.empty(), one.last_progress});
  Admission admission = admit_connection(held, peer.user, access_.is_privileged(*credentials));
  if (admission.instead_of) connections_.erase(*admission.instead_of);
  return std::move(admission.refusal);
}

void ControlServer::read_from(Connection& connection) {
  std::array<char, 8192> block{};
  while (connection.incoming.size() <= max_request_bytes) {
    FileDescriptor file;
    const ssize_t size = receive(connection.socket.get(), block, file);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (size == 0 && connection.stream) {
      connection.ending = true;
      return;
    }
    if (size <= 0) {
      connection.closing = true;
      return;
    }
    if (connection.stream) continue;  // whatever else it says
    connection.incoming.append(block.data(), static_cast<std::size_t>(size));
    if (!file) continue;
    // A message that a file comes with ends what is received at once, so its line is the last one here; and
    // it is answered before more is read.
    connection.attached = std::move(file);
    const auto begun = std::string_view(connection.incoming).substr(0, connection.incoming.size() - 1);
    connection.lines_before_file = static_cast<std::size_t>(std::count(begun.begin(), begun.end(), '\n'));
    return;
  }
}

void ControlServer::refuse(Connection& connection, const std::string& message) {
  connection.outgoing += nlohmann::ordered_json{{"error", message}}.dump(
                             -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                         '\n';
  connection.closing = true;
  connection.incoming.clear();
}

void ControlServer::answer_lines(Connection& connection) {
  for (;;) {
    const auto end = connection.incoming.find('\n');
    if (end == std::string::npos) {
      if (connection.incoming.size() > max_request_bytes)
        refuse(connection, "request longer than " + std::to_string(max_request_bytes) + " bytes");
      return;
    }
    const std::string line = connection.incoming.substr(0, end);
    connection.incoming.erase(0, end + 1);
    const auto request = read_request(line);
    if (!request) {
      spdlog::debug("control: process {} of user {}: {}", connection.peer.process, connection.peer.user,
                    request.error());
      refuse(connection, request.error());
      return;
    }
    FileDescriptor file;
    if (connection.lines_before_file == 0)
      file = std::move(connection.attached);
    else
      --connection.lines_before_file;
    connection.peer.attached = file.get();
    ControlAnswer answer = handler_(*request, connection.peer);
    connection.outgoing +=
        answer.first.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
    if (answer.rest) {
      connection.stream = std::move(answer.rest);
      connection.ready = answer.ready;
      connection.incoming.clear();
      connection.ending = std::exchange(connection.closing, false);  // its end may have come with the request
      return;
    }
    if (connection.outgoing.size() > max_waiting_bytes) {
      connection.outgoing.clear();
      connection.closing = true;
      return;
    }
  }
}

void ControlServer::write_to(Connection& connection) {
  while (!connection.outgoing.empty()) {
    const ssize_t size =
        ::send(connection.socket.get(), connection.outgoing.data(), connection.outgoing.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (size < 0) {
      connection.outgoing.clear();
      connection.closing = true;
      return;
    }
    connection.outgoing.erase(0, static_cast<std::size_t>(size));
  }
}

void ControlServer::watch(const Connection& connection, bool added) {
  // A peer that does not read its answers is not asked for more requests.
  const bool more = !connection.outgoing.empty() || (connection.stream && connection.ready);
  const std::uint32_t wanted = more ? EPOLLOUT : connection.ending ? 0U : EPOLLIN;
  epoll_event event{.events = wanted, .data = {.fd = connection.socket.get()}};
  ::epoll_ctl(epoll_.get(), added ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection.socket.get(), &event);
}

}  // namespace vpcwall

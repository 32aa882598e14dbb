#include "daemon/control/control_server.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
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

namespace vpcwall {
namespace {

constexpr gid_t no_group = static_cast<gid_t>(-1);

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

bool in_group(uid_t user, gid_t group) {
  std::array<char, 16384> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return false;
  std::vector<gid_t> groups(256);
  int count = static_cast<int>(groups.size());
  if (::getgrouplist(entry.pw_name, entry.pw_gid, groups.data(), &count) < 0) return false;
  return std::find(groups.begin(), groups.begin() + count, group) != groups.begin() + count;
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

ControlServer::ControlServer(const std::string& path, const std::string& group, Handler handler)
    : path_(path),
      handler_(std::move(handler)),
      listener_(make_socket()),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_.get() < 0) fail("cannot be watched");
  if (!group.empty()) {
    const struct group* entry = ::getgrnam(group.c_str());  // NOLINT: before any thread starts
    if (entry == nullptr) throw std::runtime_error("control socket: there is no group " + group);
    group_ = entry->gr_gid;
  }
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  remove_leftover(path);
  const sockaddr_un address = address_of(path);
  const mode_t mask = ::umask(0177);  // nobody gets in before the mode is set
  const int bound = ::bind(listener_.get(), as_sockaddr(address), sizeof address);
  ::umask(mask);
  if (bound != 0) fail(path + " cannot be bound");
  if (group_ != no_group && (::chown(path.c_str(), static_cast<uid_t>(-1), group_) != 0 ||
                             ::chmod(path.c_str(), S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP) != 0))
    fail(path + " cannot be given to group " + group +
         (::geteuid() == 0
              ? ""
              : " (without root, the daemon must be a member: SupplementaryGroups= in the unit)"));
  if (::listen(listener_.get(), max_connections) != 0) fail(path + " cannot be listened on");
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
    if (!connection.late && (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_from(connection);
    if ((connection.stream || connection.late) &&
        (event.events & (EPOLLHUP | EPOLLERR)) != 0) {  // nobody is left to hear the rest
      connections_.erase(found);
      continue;
    }
    if (!connection.late) answer_lines(connection);
    write_to(connection);
    if (connection.closing && !connection.late && connection.outgoing.empty())
      connections_.erase(found);
    else
      watch(connection, false);
  }
}

void ControlServer::drop_silent(TimePoint now) {
  std::erase_if(connections_, [now](const auto& entry) {
    return !entry.second.stream && !entry.second.late && now - entry.second.last_progress > longest_silence;
  });
}

void ControlServer::give_late_answers(TimePoint now) {
  for (auto entry = connections_.begin(); entry != connections_.end();) {
    Connection& connection = entry->second;
    if (connection.late && connection.late->answer) {
      give(connection, std::move(*std::exchange(connection.late, nullptr)->answer));
      connection.last_progress = now;
      if (!connection.stream) answer_lines(connection);
      write_to(connection);
      if (connection.closing && !connection.late && connection.outgoing.empty()) {
        entry = connections_.erase(entry);
        continue;
      }
      watch(connection, false);
    }
    ++entry;
  }
}

bool ControlServer::has_streams() const noexcept {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const auto& entry) { return entry.second.stream != nullptr; });
}

void ControlServer::advance_streams(TimePoint now) {
  if (now < next_advance_) return;
  next_advance_ = now + stream_pause;
  for (auto entry = connections_.begin(); entry != connections_.end();) {
    Connection& connection = entry->second;
    if (connection.stream) {
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
  for (;;) {
    FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.get() < 0) return;
    Connection connection;
    connection.socket = std::move(socket);
    connection.last_progress = now;
    if (!may_speak(connection.socket.get(), connection.peer)) {
      connection.outgoing = R"({"error":"permission denied: only root and members of control.group may ask"})"
                            "\n";
      connection.closing = true;
    } else if (connections_.size() >= max_connections) {
      connection.outgoing = R"({"error":"too many control connections; try again"})"
                            "\n";
      connection.closing = true;
    }
    if (connection.closing) {  // one short line always fits into a fresh socket buffer
      write_to(connection);
      continue;
    }
    const int fd = connection.socket.get();
    watch(connections_.emplace(fd, std::move(connection)).first->second, true);
  }
}

bool ControlServer::may_speak(int socket, ControlPeer& peer) const {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return false;
  peer = {credentials.pid, credentials.uid, -1};
  if (credentials.uid == 0 || credentials.uid == ::geteuid()) return true;
  return group_ != no_group && (credentials.gid == group_ || in_group(credentials.uid, group_));
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

void ControlServer::answer_lines(Connection& connection) {
  const auto refuse = [&connection](const std::string& message) {
    connection.outgoing += nlohmann::ordered_json{{"error", message}}.dump(
                               -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                           '\n';
    connection.closing = true;
    connection.incoming.clear();
  };
  for (;;) {
    const auto end = connection.incoming.find('\n');
    if (end == std::string::npos) {
      if (connection.incoming.size() > max_request_bytes)
        refuse("request longer than " + std::to_string(max_request_bytes) + " bytes");
      return;
    }
    const std::string line = connection.incoming.substr(0, end);
    connection.incoming.erase(0, end + 1);
    const auto request = read_request(line);
    if (!request) {
      spdlog::debug("control: process {} of user {}: {}", connection.peer.process, connection.peer.user,
                    request.error());
      refuse(request.error());
      return;
    }
    FileDescriptor file;
    if (connection.lines_before_file == 0)
      file = std::move(connection.attached);
    else
      --connection.lines_before_file;
    connection.peer.attached = file.get();
    give(connection, handler_(*request, connection.peer));
    if (connection.stream || connection.late) return;
    if (connection.outgoing.size() > max_waiting_bytes) {
      connection.outgoing.clear();
      connection.closing = true;
      return;
    }
  }
}

void ControlServer::give(Connection& connection, ControlAnswer answer) {
  if (answer.late) {
    connection.late = std::move(answer.late);
    return;
  }
  connection.outgoing +=
      answer.first.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
  if (!answer.rest) return;
  connection.stream = std::move(answer.rest);
  connection.incoming.clear();
  connection.ending = std::exchange(connection.closing, false);  // its end may have come with the request
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
  // A peer that does not read its answers, or waits for one, is not asked for more requests.
  const bool asked = !connection.ending && !connection.late;
  const std::uint32_t wanted = !connection.outgoing.empty() ? EPOLLOUT : asked ? EPOLLIN : 0U;
  epoll_event event{.events = wanted, .data = {.fd = connection.socket.get()}};
  ::epoll_ctl(epoll_.get(), added ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection.socket.get(), &event);
}

}  // namespace vpcwall

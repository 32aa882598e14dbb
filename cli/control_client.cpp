#include "cli/control_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include "cli/owned_descriptor.h"

namespace vpcwall {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void wait_for(int descriptor, short events, Clock::time_point deadline, const std::string& path) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) throw std::runtime_error("no answer from vpcwalld on " + path + " in time");
    pollfd entry{descriptor, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(left.count()));
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) fail("waiting for " + path);
  }
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

void send_line(int connection, std::string_view line, Clock::time_point deadline, const std::string& path) {
  while (!line.empty()) {
    wait_for(connection, POLLOUT, deadline, path);
    const ssize_t sent = ::send(connection, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      line.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return;  // the daemon has answered (a refusal) without reading it all: go and read the answer
    } else if (errno != EINTR && errno != EAGAIN) {
      fail("sending to " + path);
    }
  }
}

// One line, without its end. The daemon may also end its answer by closing.
std::string receive_line(int connection, Clock::time_point deadline, const std::string& path) {
  std::string reply;
  std::array<char, std::size_t{64} << 10U> buffer{};
  for (;;) {
    wait_for(connection, POLLIN, deadline, path);
    const ssize_t received = ::recv(connection, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (received < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      if (errno == ECONNRESET) return reply;
      fail("receiving from " + path);
    }
    if (received == 0) return reply;
    const auto end = buffer.begin() + received;
    const auto line_end = std::find(buffer.begin(), end, '\n');
    reply.append(buffer.begin(), line_end);
    if (line_end != end) return reply;
    if (reply.size() > max_reply_bytes) throw std::runtime_error("the answer on " + path + " is too long");
  }
}

}  // namespace

ControlClient::ControlClient(std::string socket_path, std::chrono::milliseconds timeout)
    : socket_path_(std::move(socket_path)), timeout_(timeout) {}

nlohmann::json ControlClient::request(const nlohmann::json& request) const {
  const auto deadline = Clock::now() + timeout_;
  const OwnedDescriptor connection = connect_to(socket_path_);
  send_line(connection.get(), request.dump() + '\n', deadline, socket_path_);
  const std::string line = receive_line(connection.get(), deadline, socket_path_);
  nlohmann::json reply = nlohmann::json::parse(line, nullptr, false);
  if (!reply.is_object()) throw std::runtime_error("what answers on " + socket_path_ + " is not vpcwalld");
  if (const auto error = reply.find("error"); error != reply.end()) {
    throw std::runtime_error(error->is_string() ? error->get<std::string>() : error->dump());
  }
  return reply;
}

}  // namespace vpcwall

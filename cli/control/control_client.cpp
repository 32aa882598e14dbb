#include "cli/control/control_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "cli/control/control_connection.h"

namespace vpcwall {
namespace {

// One line, without its end. The daemon may also end its answer by closing.
std::string receive_line(int connection, std::chrono::steady_clock::time_point deadline,
                         const std::string& path) {
  std::string reply;
  std::array<char, std::size_t{64} << 10U> buffer{};
  for (;;) {
    wait_for(connection, POLLIN, deadline, path);
    const ssize_t received = ::recv(connection, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (received < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      if (errno == ECONNRESET) return reply;
      throw std::system_error(errno, std::generic_category(), "receiving from " + path);
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

nlohmann::json ControlClient::request(const nlohmann::json& request, int attached) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout_;
  const OwnedDescriptor connection = connect_to(socket_path_);
  send_line(connection.get(), request.dump() + '\n', deadline, socket_path_, attached);
  const std::string line = receive_line(connection.get(), deadline, socket_path_);
  if (line.empty()) fail_unanswered(socket_path_);
  nlohmann::json reply = nlohmann::json::parse(line, nullptr, false);
  if (!reply.is_object()) throw std::runtime_error("what answers on " + socket_path_ + " is not vpcwalld");
  if (const auto error = reply.find("error"); error != reply.end()) {
    throw std::runtime_error(error->is_string() ? error->get<std::string>() : error->dump());
  }
  return reply;
}

}  // namespace vpcwall

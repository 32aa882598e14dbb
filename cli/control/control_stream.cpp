#include "cli/control/control_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "cli/control/control_connection.h"

namespace vpcwall {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{30};  // for a request that nobody takes

// Milliseconds until then, rounded up so that a deadline has passed when poll() says so; -1 for no deadline.
int milliseconds_until(const ControlStream::Deadline& deadline) {
  if (!deadline) return -1;
  constexpr std::chrono::milliseconds longest{3'600'000};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds{0}, longest).count());
}

}  // namespace

ControlStream::ControlStream(std::string socket_path, const nlohmann::json& request, int attached)
    : path_(std::move(socket_path)), connection_(connect_to(path_)) {
  send_line(connection_.get(), request.dump() + '\n', Clock::now() + patience, path_, attached);
}

ControlStream::Next ControlStream::next(const Deadline& deadline, int interrupt) {
  for (;;) {
    std::array<pollfd, 2> watched{{{connection_.get(), POLLIN, 0}, {interrupt, POLLIN, 0}}};
    const int wait = has_line() ? 0 : milliseconds_until(deadline);
    if (::poll(watched.data(), watched.size(), wait) < 0 && errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "waiting for " + path_);
    if ((watched[1].revents & POLLIN) != 0) return {Next::What::interrupted, {}};
    if (auto line = take_line()) return {Next::What::line, std::move(*line)};
    if (watched[0].revents != 0 && !receive()) return {Next::What::end_of_stream, {}};
    if (!has_line() && deadline && Clock::now() >= *deadline) return {Next::What::deadline, {}};
  }
}

void ControlStream::finish() const noexcept { ::shutdown(connection_.get(), SHUT_WR); }

std::optional<std::string> ControlStream::take_line() {
  const std::size_t end = buffer_.find('\n', begin_);
  if (end == std::string::npos) return std::nullopt;
  std::string line = buffer_.substr(begin_, end - begin_);
  begin_ = end + 1;
  return line;
}

bool ControlStream::receive() {
  buffer_.erase(0, std::exchange(begin_, 0));
  if (buffer_.size() > max_line_bytes)
    throw std::runtime_error("a line of the answer on " + path_ + " is too long");
  std::array<char, std::size_t{64} << 10U> block{};
  const ssize_t size = ::recv(connection_.get(), block.data(), block.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (size < 0 && errno != ECONNRESET)
    throw std::system_error(errno, std::generic_category(), "receiving from " + path_);
  if (size <= 0) return false;
  buffer_.append(block.data(), static_cast<std::size_t>(size));
  return true;
}

}  // namespace vpcwall

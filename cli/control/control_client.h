// ControlClient: asks a running vpcwalld one question over its control socket and returns the answer.
//
// A request is one JSON object on one line ({"verb":"status"}), a reply is one JSON object on one line. Every
// request() opens its own connection, so a client outlives restarts of the daemon. A reply above
// max_reply_bytes, or one that takes longer than the timeout, is an error. One thread per client at a time.
//
// Errors, all derived from std::runtime_error:
//   NoDaemon             nobody listens on the socket (or there is no such socket), or he ends before he
//                        answers: exit status 3
//   std::system_error    the system refused, for example for lack of permission
//   std::runtime_error   the daemon refused the request (its "error" text), or the answer is no JSON object
#pragma once

#include <chrono>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace vpcwall {

inline constexpr std::size_t max_reply_bytes = std::size_t{64} << 20U;

class NoDaemon : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class ControlClient {
 public:
  explicit ControlClient(std::string socket_path,
                         std::chrono::milliseconds timeout = std::chrono::seconds{30});
  // `attached`: an open file for the daemon to read, or none.
  [[nodiscard]] nlohmann::json request(const nlohmann::json& request, int attached = -1) const;

 private:
  std::string socket_path_;
  std::chrono::milliseconds timeout_;
};

}  // namespace vpcwall

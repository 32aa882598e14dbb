// Real connections for a story: a line echo server and clients of it, each in the namespace it belongs to.
//
// A socket stays in the namespace in which it was made, so one process can hold both ends of a connection
// that crosses the router. Every wait has a limit and ends early with Interrupted when the operator has asked
// to stop.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cli/owned_descriptor.h"
#include "net/address.h"

namespace vpcwall {

class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

// Throws Interrupted once SIGINT, SIGTERM or SIGHUP has arrived after catch_interruptions().
void catch_interruptions();
void check_interrupted();

// Sends every line back. Runs until it is destroyed.
class EchoServer {
 public:
  EchoServer(const std::string& network_namespace, const IpAddress& address,
             const std::vector<std::uint16_t>& ports);
  ~EchoServer();
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

 private:
  void serve();

  OwnedDescriptor stop_;
  std::vector<OwnedDescriptor> listeners_;
  std::thread thread_;
};

class EchoConnection {
 public:
  // None if it is not established within `limit`.
  [[nodiscard]] static std::optional<EchoConnection> open(const std::string& network_namespace,
                                                          const IpAddress& address, std::uint16_t port,
                                                          std::chrono::milliseconds limit);
  // Sends a line; true if it comes back within `limit`.
  [[nodiscard]] bool echoes(std::string_view line, std::chrono::milliseconds limit);

 private:
  explicit EchoConnection(OwnedDescriptor socket) : socket_(std::move(socket)) {}
  OwnedDescriptor socket_;
};

}  // namespace vpcwall

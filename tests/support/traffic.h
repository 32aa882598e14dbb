// Sockets of a test, and a worker that reads a queue beside it.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/file_descriptor.h"
#include "daemon/queue/nfqueue.h"
#include "support/network_namespace.h"

namespace vpcwall::test {

struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
};
// Text of an IPv4 or IPv6 address.
[[nodiscard]] Endpoint endpoint(const std::string& address, std::uint16_t port);

// Every wait below gives up after this long; reaching it is a failure of the test.
inline constexpr int patience_seconds = 10;

// Whether `condition` comes true in time.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

class UdpSocket {
 public:
  UdpSocket(const NetworkNamespace& place, const std::string& address, std::uint16_t port);
  void send(const std::string& text, const Endpoint& to) const;
  // The next datagram and its sender; nothing when none comes in time.
  [[nodiscard]] std::optional<std::string> receive(Endpoint* from = nullptr) const;
  [[nodiscard]] bool has_datagram() const;
  [[nodiscard]] std::uint16_t port() const;

 private:
  FileDescriptor socket_;
};

// Sends `data` over a TCP connection and returns what arrived at the other end.
[[nodiscard]] std::string transfer_by_tcp(const NetworkNamespace& from, const NetworkNamespace& to,
                                          const std::string& address, std::uint16_t port,
                                          const std::string& data);

struct SeenPacket {
  std::vector<std::byte> bytes;
  std::uint32_t wire_length = 0;
  std::uint32_t in_device = 0, out_device = 0;
  HookPoint hook = HookPoint::forward;
};

// Reads a queue in a thread of its own until destroyed, and remembers the packets.
class QueueReader {
 public:
  using Judge = std::function<Verdict(const QueuedPacket&)>;

  QueueReader(const NetworkNamespace& place, const QueueSettings& settings, Judge judge = accept_all);
  ~QueueReader();
  QueueReader(const QueueReader&) = delete;
  QueueReader& operator=(const QueueReader&) = delete;

  [[nodiscard]] std::vector<SeenPacket> seen() const;
  [[nodiscard]] const NfQueue& queue() const noexcept { return *queue_; }
  static Verdict accept_all(const QueuedPacket&) { return Verdict::accept; }

 private:
  void run();

  std::unique_ptr<NfQueue> queue_;
  Judge judge_;
  mutable std::mutex mutex_;
  std::vector<SeenPacket> seen_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

// Reads bursts of `queue` until `count` packets came, and gives each to `each` before all are answered in
// one. Returns how many came in time.
std::size_t read_bursts(NfQueue& queue, std::size_t count, const QueueReader::Judge& judge);

}  // namespace vpcwall::test

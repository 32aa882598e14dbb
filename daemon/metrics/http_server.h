// The daemon's one HTTP server: each route answers GET and HEAD with a text that is made when it is asked
// for.
//
// It has no thread: whoever polls event_fd() calls handle_events(), and the routes are called in there.
// Everything is bounded: connections, also from one address, bytes of a request, seconds until its header is
// there and until its answer has been read. One request per connection, and only for a name of this host
// (host_name.h). What cannot be understood is answered with a status of 4xx; no one else notices. Anyone who
// can connect may ask, so a route tells nothing that is secret, and changes nothing.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "daemon/file_descriptor.h"
#include "daemon/metrics/listen_address.h"
#include "daemon/settings.h"
#include "net/address.h"

struct MHD_Daemon;

namespace vpcwall {

struct HttpAnswer {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// By path: "/metrics".
using HttpRoutes = std::map<std::string, std::function<HttpAnswer()>, std::less<>>;

class HttpServer {
 public:
  static constexpr unsigned max_connections = 32;
  // From one address: the whole of 127.0.0.0/8 is one, and so is each /64 of IPv6. When they are taken, one
  // that has said nothing for a second ends for the next.
  static constexpr unsigned max_per_address = 16;
  static constexpr std::size_t max_request_bytes = 16'384;
  static constexpr Duration longest_header = std::chrono::seconds(5);   // from the connection on
  static constexpr Duration longest_answer = std::chrono::seconds(10);  // from the header on

  // Listens; throws std::runtime_error with a line for the operator when it cannot. An address that this
  // host does not have yet is answered on once it has it, and the log says so.
  // `hosts`: by which names it may be asked besides those of the loopback device and its own address.
  // `given`, if there is one, listens already, and nothing is bound.
  HttpServer(const ListenAddress& listen, HttpRoutes routes, std::vector<std::string> hosts = {},
             FileDescriptor given = FileDescriptor());
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Readable when handle_events() has something to do.
  [[nodiscard]] int event_fd() const noexcept { return event_fd_; }
  // How many milliseconds, `most` or fewer, until handle_events() wants to be called also without an event.
  [[nodiscard]] int patience(int most) const noexcept;
  // Also ends connections that have lasted too long.
  void handle_events(TimePoint now);

 private:
  struct Callbacks;  // what the library calls

  struct StopDaemon {
    void operator()(MHD_Daemon* daemon) const noexcept;
  };

  struct Connection {
    IpAddress from;         // as counted()
    TimePoint since;        // its beginning, or when its header was there
    bool answered = false;  // its header was there
    bool ending = false;
  };

  // Whether one more from there may come; makes room for it if it can.
  [[nodiscard]] bool admit(const IpAddress& from);
  [[nodiscard]] std::optional<HttpAnswer> refusal_of(const char* host, int connection) const;

  HttpRoutes routes_;
  std::vector<std::string> hosts_;
  TimePoint now_{};                        // of the events that are being handled
  std::map<int, Connection> connections_;  // by descriptor
  bool room_again_ = false;                // a connection has ended
  std::unique_ptr<MHD_Daemon, StopDaemon> daemon_;
  int event_fd_ = -1;
};

// As the settings say: null when they say off, or when nobody insists on an address that cannot be had; the
// log says so then. `given` is the service manager's socket: it is what listens where the settings leave that
// open, or name its address.
[[nodiscard]] std::unique_ptr<HttpServer> open_http(const Settings::Http& settings, HttpRoutes routes,
                                                    FileDescriptor given = FileDescriptor());

}  // namespace vpcwall

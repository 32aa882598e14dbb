// The daemon's one HTTP server: each route answers GET and HEAD with a text that is made when it is asked
// for.
//
// It has no thread: whoever polls event_fd() calls handle_events(), and the routes are called in there.
// Everything is bounded: connections, bytes of a request, seconds of a connection whatever its peer does. One
// request per connection. What cannot be understood is answered with a status of 4xx; nobody else notices.
// Who may ask is whoever can connect, so a route tells nothing that is secret, and changes nothing.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/time.h"
#include "daemon/file_descriptor.h"
#include "daemon/metrics/listen_address.h"
#include "daemon/settings.h"

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
  static constexpr unsigned max_connections = 16;
  static constexpr std::size_t max_request_bytes = 16'384;
  static constexpr Duration longest_connection = std::chrono::seconds(10);

  // Listens; throws std::runtime_error with a line for the operator when it cannot. An address that this
  // host does not have yet is answered on once it has it, and the log says so.
  // `given`, if there is one, listens already, and nothing is bound.
  HttpServer(const ListenAddress& listen, HttpRoutes routes, FileDescriptor given = FileDescriptor());
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

  HttpRoutes routes_;
  TimePoint now_{};                       // of the events that are being handled
  std::map<int, TimePoint> connections_;  // since when, by descriptor
  bool room_again_ = false;               // a connection has ended
  std::unique_ptr<MHD_Daemon, StopDaemon> daemon_;
  int event_fd_ = -1;
};

// As the settings say: null when they say off, or when nobody insists on an address that cannot be had; the
// log says so then. `given` is the service manager's socket: it is what listens where the settings leave that
// open, or name its address.
[[nodiscard]] std::unique_ptr<HttpServer> open_http(const Settings::Http& settings, HttpRoutes routes,
                                                    FileDescriptor given = FileDescriptor());

}  // namespace vpcwall

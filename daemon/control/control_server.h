// The control socket: a unix stream socket on which each line is a request and each answer a line, or, where
// an answer goes on, lines until either end has had enough.
//
// Who may speak, and for what, is decided by the kernel's word on the peer (access.h). Everything is bounded:
// connections, also of each user (connection_limits.h), bytes of a request, bytes waiting to be read by a
// slow peer, seconds without progress. A peer that sends garbage gets one error line and is disconnected; no
// one else notices. Not thread-safe: everything happens in handle_events() of one thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "control/request.h"
#include "daemon/control/access.h"
#include "daemon/file_descriptor.h"

namespace vpcwall {

// The lines of an answer that goes on, such as that to `observe`.
//
// Called now and then; appends whole lines, about `room` bytes at most. `ending`: the peer has closed its
// sending half, so it wants to hear only what is left. False after the last line. It is destroyed when the
// connection ends, whatever ended it.
using AnswerStream = std::function<bool(std::string& lines, std::size_t room, bool ending)>;

struct ControlAnswer {
  nlohmann::ordered_json first;
  AnswerStream rest;  // null: that was all
  // Whether the lines of `rest` are there already: they are fetched as fast as the peer reads them, a part at
  // a time, and not now and then.
  bool ready = false;
};

struct ControlPeer {
  pid_t process = 0;
  uid_t user = 0;
  int attached = -1;  // an open file that came beside the request, or none; closed when it is answered. A
                      // file belongs to the last line that is begun in the message that it comes with.
  RoleSet roles;
};

class ControlServer {
 public:
  using Handler = std::function<ControlAnswer(const Request&, const ControlPeer&)>;

  static constexpr std::size_t max_waiting_bytes = std::size_t{64} << 20U;
  static constexpr Duration longest_silence = std::chrono::seconds(30);
  // Of a stream: what its peer does not read is not fetched beyond this.
  static constexpr std::size_t max_stream_bytes = std::size_t{1} << 20U;
  static constexpr Duration stream_pause = std::chrono::milliseconds(100);

  // Replaces a socket that a dead daemon left at `path`; throws std::runtime_error when a live one answers
  // there or the place cannot be used.
  ControlServer(const std::string& path, Access access, Handler handler);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // Readable when handle_events() has something to do.
  [[nodiscard]] int event_fd() const noexcept { return epoll_.get(); }
  void handle_events(TimePoint now);
  // Whether some answer goes on now and then: advance_streams() wants to be called every stream_pause.
  [[nodiscard]] bool has_streams() const noexcept;
  // Fetches the next lines for every peer that has room for them.
  void advance_streams(TimePoint now);
  // Disconnects peers that made no progress for longest_silence; those of a stream of what is yet to happen
  // may take their time. Call now and then.
  void drop_silent(TimePoint now);

 private:
  struct Connection {
    FileDescriptor socket;
    ControlPeer peer;
    FileDescriptor attached;
    std::size_t lines_before_file =
        0;  // how many of `incoming` come before the one that `attached` belongs to
    std::string incoming, outgoing;
    AnswerStream stream;
    bool ready = false;    // of the stream
    bool ending = false;   // the stream's peer wants to hear no more than is left
    bool closing = false;  // once `outgoing` is written
    TimePoint last_progress;
  };

  void accept_connections(TimePoint now);
  // What is said to a peer that may not stay; nothing when it may.
  [[nodiscard]] std::optional<std::string> admit(int socket, ControlPeer& peer);
  static void read_from(Connection& connection);
  static void refuse(Connection& connection, const std::string& message);
  void answer_lines(Connection& connection);
  static void write_to(Connection& connection);
  static void advance(Connection& connection);
  void watch(const Connection& connection, bool added);

  std::string path_;
  Handler handler_;
  Access access_;
  FileDescriptor listener_;
  FileDescriptor epoll_;
  std::map<int, Connection> connections_;
  TimePoint next_advance_{};
};

}  // namespace vpcwall

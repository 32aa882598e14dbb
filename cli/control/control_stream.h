// ControlStream: asks a running vpcwalld a question whose answer goes on, and hands out its lines as they
// come.
//
//   ControlStream stream(path, request);
//   const auto next = stream.next(deadline, signals);   // waits for a line, the deadline, or a descriptor
//   stream.finish();                                    // heard enough: the daemon tells what is left
//
// Errors as of ControlClient. A line above max_line_bytes is an error. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/owned_descriptor.h"

namespace vpcwall {

class ControlStream {
 public:
  static constexpr std::size_t max_line_bytes = std::size_t{4} << 20U;

  using Deadline = std::optional<std::chrono::steady_clock::time_point>;

  // `attached`: an open file for the daemon to read, or none.
  ControlStream(std::string socket_path, const nlohmann::json& request, int attached = -1);

  struct Next {
    enum class What { line, end_of_stream, deadline, interrupted };
    What what = What::end_of_stream;
    std::string line;  // without its end
  };
  // `interrupt`: a descriptor; when it is readable, that goes before any line. -1 for none.
  [[nodiscard]] Next next(const Deadline& deadline, int interrupt);
  // Whether next() would not have to wait.
  [[nodiscard]] bool has_line() const noexcept { return buffer_.find('\n', begin_) != std::string::npos; }

  // The daemon is told that nobody wants to hear more than what is left.
  void finish() const noexcept;

 private:
  [[nodiscard]] std::optional<std::string> take_line();
  // False at the end of the stream.
  [[nodiscard]] bool receive();

  std::string path_;
  OwnedDescriptor connection_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what was not handed out
};

}  // namespace vpcwall

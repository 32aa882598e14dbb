// Standard output and error as the command uses them.
//
// While an OutputGuard lives, nothing that is printed acts on a terminal: control characters and those that
// change the direction of text are escaped (text/escape.h), wherever they come from, except line ends, tabs
// and the colours that the command itself uses. JSON keeps its meaning. It is so also when the output is no
// terminal, for what is written to a file or a pipe is often shown on one later.
//
// A reader that has gone away had what it wanted. That is no failure here: SIGPIPE would have ended the
// command, and a caller that ignores SIGPIPE wants it to go on.
#pragma once

#include <memory>
#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

namespace vpcwall {

// `text` with all of that escaped.
[[nodiscard]] std::string for_terminal(std::string_view text);

// Between a stream and where it writes to. One thread.
class EscapingBuffer final : public std::streambuf {
 public:
  explicit EscapingBuffer(std::ostream& stream);
  ~EscapingBuffer() override;
  EscapingBuffer(const EscapingBuffer&) = delete;
  EscapingBuffer& operator=(const EscapingBuffer&) = delete;

  // As it is; false when it could not be written.
  bool write_raw(std::string_view text);

 protected:
  int_type overflow(int_type letter) override;
  std::streamsize xsputn(const char* text, std::streamsize size) override;
  int sync() override;

 private:
  // What is pending; the beginning of a character waits for its rest unless this is the `last` time.
  bool pass_on(bool last);

  std::ostream& stream_;
  std::streambuf* below_;
  std::string pending_;
};

class OutputGuard {
 public:
  OutputGuard();
  ~OutputGuard();
  OutputGuard(const OutputGuard&) = delete;
  OutputGuard& operator=(const OutputGuard&) = delete;

 private:
  EscapingBuffer output_, error_;
};

// A document that somebody else has written, such as a policy: to a file byte for byte, to a terminal
// escaped.
void print_document(std::string_view text);

// Once everything has been printed: has it arrived? Throws std::runtime_error when something was lost,
// std::system_error where it is known why.
void flush_standard_output();

}  // namespace vpcwall

#include "cli/standard_output.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iostream>
#include <stdexcept>
#include <system_error>

#include "text/escape.h"

namespace vpcwall {
namespace {

constexpr std::size_t most_pending = std::size_t{64} << 10U;

// What the command's own colours look like.
constexpr std::array<std::string_view, 12> paints{"\033[0m",    "\033[1m",    "\033[2m",  "\033[31m",
                                                  "\033[32m",   "\033[33m",   "\033[36m", "\033[1;31m",
                                                  "\033[1;33m", "\033[1;36m", "\033[34m", "\033[35m"};

EscapingBuffer* guarded_output = nullptr;  // NOLINT: of the one OutputGuard

bool nobody_reads() noexcept {
  pollfd output{STDOUT_FILENO, 0, 0};
  return ::poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

// What a write may meet, and hardly anything else.
bool is_of_a_write(int error) noexcept {
  return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO || error == EBADF;
}

}  // namespace

std::string for_terminal(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const auto* paint = std::find_if(paints.begin(), paints.end(),
                                     [text](std::string_view one) { return text.starts_with(one); });
    if (paint != paints.end()) {
      shown += *paint;
      text.remove_prefix(paint->size());
      continue;
    }
    const auto next = text.find('\033', 1);
    shown += escaped_lines(text.substr(0, next));
    text.remove_prefix(std::min(next, text.size()));
  }
  return shown;
}

EscapingBuffer::EscapingBuffer(std::ostream& stream) : stream_(stream), below_(stream.rdbuf(this)) {}

EscapingBuffer::~EscapingBuffer() {
  if (!pass_on(true)) stream_.setstate(std::ios::badbit);
  const std::ios::iostate state = stream_.rdstate();
  stream_.rdbuf(below_);
  stream_.setstate(state);  // which rdbuf() has cleared
}

EscapingBuffer::int_type EscapingBuffer::overflow(int_type letter) {
  if (traits_type::eq_int_type(letter, traits_type::eof())) return traits_type::not_eof(letter);
  const char one = traits_type::to_char_type(letter);
  return xsputn(&one, 1) == 1 ? letter : traits_type::eof();
}

std::streamsize EscapingBuffer::xsputn(const char* text, std::streamsize size) {
  pending_.append(text, static_cast<std::size_t>(size));
  return pending_.size() < most_pending || pass_on(false) ? size : 0;
}

int EscapingBuffer::sync() { return pass_on(false) && below_->pubsync() == 0 ? 0 : -1; }

bool EscapingBuffer::pass_on(bool last) {
  std::size_t size = pending_.size();
  if (!last) {
    size -= unfinished_bytes(pending_);
    // Nor is a colour cut in two.
    const auto escape = pending_.rfind('\033');
    constexpr std::size_t longest_paint = 7;
    const bool open = escape != std::string::npos && pending_.find('m', escape) == std::string::npos;
    if (open && pending_.size() - escape < longest_paint) size = std::min(size, escape);
  }
  const std::string shown = for_terminal(std::string_view(pending_).substr(0, size));
  pending_.erase(0, size);
  const auto length = static_cast<std::streamsize>(shown.size());
  return below_->sputn(shown.data(), length) == length;
}

bool EscapingBuffer::write_raw(std::string_view text) {
  const auto length = static_cast<std::streamsize>(text.size());
  return pass_on(true) && below_->sputn(text.data(), length) == length;
}

OutputGuard::OutputGuard() : output_(std::cout), error_(std::cerr) { guarded_output = &output_; }

OutputGuard::~OutputGuard() { guarded_output = nullptr; }

void print_document(std::string_view text) {
  if (guarded_output == nullptr || ::isatty(STDOUT_FILENO) == 1)
    std::cout << text;
  else if (!guarded_output->write_raw(text))
    std::cout.setstate(std::ios::badbit);
}

void flush_standard_output() {
  const bool was_good = std::cout.good();
  if (std::cout.flush()) return;
  const int error = errno;
  if (nobody_reads()) return;
  // What went wrong before has left the stream bad, and other calls may have had errno since.
  if (was_good || is_of_a_write(error))
    throw std::system_error(error, std::generic_category(), "writing to standard output");
  throw std::runtime_error("writing to standard output: not everything could be written");
}

}  // namespace vpcwall

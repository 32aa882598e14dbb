#include "cli/standard_output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <stdexcept>
#include <system_error>

namespace vpcwall {
namespace {

bool nobody_reads() noexcept {
  pollfd output{STDOUT_FILENO, 0, 0};
  return ::poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

// What a write may meet, and hardly anything else.
bool is_of_a_write(int error) noexcept {
  return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO || error == EBADF;
}

}  // namespace

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

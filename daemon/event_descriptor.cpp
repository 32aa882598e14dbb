#include "daemon/event_descriptor.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace vpcwall {

EventDescriptor::EventDescriptor() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_.get() < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

// The counter cannot overflow in the life of a process; there is nothing to do about a failure either.
void EventDescriptor::raise() const noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(descriptor_.get(), &one, sizeof one);
}

void EventDescriptor::clear() const noexcept {
  std::uint64_t ignored = 0;
  [[maybe_unused]] const ssize_t size = ::read(descriptor_.get(), &ignored, sizeof ignored);
}

}  // namespace vpcwall

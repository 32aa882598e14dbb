// SIGINT and SIGTERM as something that can be waited for: what goes on until then ends, and is summed up.
// Made before any thread; one at a time.
#pragma once

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "cli/owned_descriptor.h"

namespace vpcwall {

class EndSignals {
 public:
  EndSignals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM}) ::sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    descriptor_ = OwnedDescriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!descriptor_) throw std::system_error(errno, std::generic_category(), "signalfd");
  }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }
  void take() const {
    signalfd_siginfo info{};
    [[maybe_unused]] const ssize_t size = ::read(descriptor_.get(), &info, sizeof info);
  }

 private:
  OwnedDescriptor descriptor_;
};

}  // namespace vpcwall

// A descriptor that one thread makes readable for another one's poll(). Any thread.
#pragma once

#include "daemon/file_descriptor.h"

namespace vpcwall {

class EventDescriptor {
 public:
  // Throws std::system_error when the system has no descriptor left.
  EventDescriptor();

  void raise() const noexcept;
  void clear() const noexcept;
  [[nodiscard]] int get() const noexcept { return descriptor_.get(); }

 private:
  FileDescriptor descriptor_;
};

}  // namespace vpcwall

// The directory for what outlives the daemon, for one daemon at a time.
//
// Made if it is not there, for the daemon's user alone. Held until the object goes: a second daemon with the
// same directory is told so. Errors are std::runtime_error with a sentence for the operator.
#pragma once

#include <string>

#include "daemon/file_descriptor.h"

namespace vpcwall {

class StateDirectory {
 public:
  explicit StateDirectory(std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  FileDescriptor lock_;
};

}  // namespace vpcwall

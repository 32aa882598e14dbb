// The directory for what outlives the daemon, for one daemon at a time.
//
// Made if it is not there, for the daemon's user alone. Held until the object goes: a second daemon with the
// same directory is told so. Errors are std::runtime_error with a sentence for the operator.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/file_descriptor.h"

namespace vpcwall {

class StateDirectory {
 public:
  explicit StateDirectory(std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  // A number drawn once and kept: HookPlan::queue_seed.
  [[nodiscard]] std::uint32_t queue_seed() const;

 private:
  std::string path_;
  FileDescriptor lock_;
};

}  // namespace vpcwall

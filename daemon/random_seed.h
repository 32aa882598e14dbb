// A secret for a hash, from the kernel.
#pragma once

#include <sys/random.h>

#include <cerrno>
#include <system_error>

#include "flow/flow_hash.h"

namespace vpcwall {

// Throws std::system_error.
[[nodiscard]] inline FlowHash::Seed random_seed() {
  FlowHash::Seed seed{};
  if (::getrandom(seed.data(), sizeof seed, 0) != static_cast<ssize_t>(sizeof seed))
    throw std::system_error(errno, std::generic_category(), "getrandom");
  return seed;
}

}  // namespace vpcwall

// How many may be connected at a time, so that no one locks others out.
//
// A user has per_user connections at most, and all users together `shared`. Root, and who may confirm, is
// never turned away: `reserved` more are kept for them, and when those are taken as well, an older connection
// ends for the new one. Values only; the caller has the connections.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "base/time.h"

namespace vpcwall {

struct ConnectionLimits {
  static constexpr std::size_t shared = 64, reserved = 8, per_user = 16;
};

struct HeldConnection {
  int descriptor = -1;
  uid_t user = 0;
  bool is_busy = false;  // an answer is on its way, or goes on
  TimePoint last_progress;
};

struct Admission {
  std::optional<std::string> refusal;  // a sentence for the peer
  std::optional<int> instead_of;       // the connection that ends for it
};

[[nodiscard]] Admission admit_connection(std::span<const HeldConnection> held, uid_t user, bool privileged);

}  // namespace vpcwall

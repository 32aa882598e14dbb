// vpcwall apply --shadow: a policy is tried beside the one in force, on the daemon's own packets.
#pragma once

#include <cstdint>
#include <string>

namespace vpcwall {

struct ShadowTrial {
  std::string socket;
  std::string name;           // of the policy, for diagnostics
  std::string text;           // the policy
  std::uint64_t seconds = 0;  // 0: until a signal
  bool json = false;
};

// The exit status: 0 or 1 only when the daemon has told everything, 1 when some verdict would have been
// another one. Errors as of ControlClient.
int shadow(const ShadowTrial& trial);

}  // namespace vpcwall

// Who asks for something to be changed, as the kernel vouches for it.
#pragma once

#include <sys/types.h>

#include <string>

namespace vpcwall {

struct Asker {
  std::string by = "start";  // "start", "SIGHUP", "control socket", "deadline"
  pid_t process = 0;
  uid_t user = 0;
};

// The user's name, or the number where there is none.
[[nodiscard]] std::string user_name(uid_t user);

// "SIGHUP", "process 12 of user root"
[[nodiscard]] std::string to_string(const Asker& asker);

}  // namespace vpcwall

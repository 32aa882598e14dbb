#include "daemon/change/asker.h"

#include <pwd.h>

#include <array>

namespace vpcwall {

std::string user_name(uid_t user) {
  std::array<char, 16384> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return std::to_string(user);
  return entry.pw_name;
}

std::string to_string(const Asker& asker) {
  if (asker.process == 0) return asker.by;
  const std::string who = "process " + std::to_string(asker.process) + " of user " + user_name(asker.user);
  return asker.by == "control socket" ? who : asker.by + " from " + who;
}

}  // namespace vpcwall

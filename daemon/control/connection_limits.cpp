#include "daemon/control/connection_limits.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace vpcwall {
namespace {

// Of the user who holds most: the one that asks for nothing, and of these the one that has been silent
// longest.
int least_needed(std::span<const HeldConnection> held) {
  std::map<uid_t, std::size_t> count;
  for (const HeldConnection& one : held) ++count[one.user];
  const auto need = [&count, all = held.size()](const HeldConnection& one) {
    return std::tuple(all - count.at(one.user), one.is_busy, one.last_progress);
  };
  const auto found =
      std::min_element(held.begin(), held.end(),
                       [&](const HeldConnection& a, const HeldConnection& b) { return need(a) < need(b); });
  return found->descriptor;
}

}  // namespace

Admission admit_connection(std::span<const HeldConnection> held, uid_t user, bool privileged) {
  if (privileged) {
    if (held.size() < ConnectionLimits::shared + ConnectionLimits::reserved) return {};
    return {std::nullopt, least_needed(held)};
  }
  const auto own =
      std::count_if(held.begin(), held.end(), [user](const HeldConnection& one) { return one.user == user; });
  if (static_cast<std::size_t>(own) >= ConnectionLimits::per_user)
    return {"too many control connections of this user, at most " +
                std::to_string(ConnectionLimits::per_user) + "; close one of them",
            std::nullopt};
  if (held.size() >= ConnectionLimits::shared)
    return {"too many control connections; try again", std::nullopt};
  return {};
}

}  // namespace vpcwall

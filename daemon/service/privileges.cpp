#include "daemon/service/privileges.h"

#include <cap-ng.h>
#include <sys/prctl.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace vpcwall {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("privileges: " + what); }

}  // namespace

void require_privileges() {
  if (capng_get_caps_process() != 0) fail("cannot read the capabilities of this process");
  if (capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) != 0) return;
  fail("CAP_NET_ADMIN is missing; run as root, or as a service as systemd/vpcwalld.service is one");
}

void drop_privileges() {
  require_privileges();
  // Shrinking the bounding set takes a capability of its own. A process without it that was started with a
  // small set anyway (a service of a plain user) loses nothing by leaving it.
  const bool may_shrink = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
  const bool has_raw = capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW) != 0;
  capng_clear(CAPNG_SELECT_ALL);
  // Inheritable and ambient, so that the rule tools work for a plain user, too.
  const auto sets = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE |
                                              CAPNG_BOUNDING_SET | CAPNG_AMBIENT);
  if (capng_update(CAPNG_ADD, sets, CAP_NET_ADMIN) != 0 ||
      (has_raw && capng_update(CAPNG_ADD, sets, CAP_NET_RAW) != 0))
    fail("cannot choose capabilities");
  if (may_shrink && capng_apply(CAPNG_SELECT_BOUNDS) != 0) fail("cannot shrink the bounding set");
  if (const int error = capng_apply(CAPNG_SELECT_CAPS); error != 0) {
    fail("cannot give up capabilities (" + std::to_string(error) + ")");
  }
  if (const int error = capng_apply(CAPNG_SELECT_AMBIENT); error != 0) {
    fail("cannot hand capabilities to the rule tools (" + std::to_string(error) + ")");
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    throw std::system_error(errno, std::system_category(), "privileges: cannot set no_new_privs");
  }
}

}  // namespace vpcwall

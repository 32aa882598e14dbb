// Who may use the control socket, and for what: the settings' names as the numbers that the kernel vouches
// for.
//
//   const Access access(settings.control);          // throws when a user or a group does not exist
//   const auto peer = credentials_of(socket);
//   access.roles_of(*peer).has(Role::change)
//
// Names are looked up once, at the start; what is asked later are numbers (SO_PEERCRED, SO_PEERGROUPS), so
// nothing waits for a directory service. Groups are those that the peer had when it connected. Root, the
// daemon's own user and members of control.group have every role. Any thread once it is made.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/role.h"
#include "daemon/settings.h"

namespace vpcwall {

struct PeerCredentials {
  pid_t process = 0;
  uid_t user = 0;
  std::vector<gid_t> groups;  // the supplementary ones, too
};

// Nothing when the kernel does not tell.
[[nodiscard]] std::optional<PeerCredentials> credentials_of(int socket);

// Why somebody with these roles may not ask for this; nothing when it is allowed. A sentence for the sender.
[[nodiscard]] std::optional<std::string> denial(std::string_view verb, uid_t user, RoleSet roles);

class Access {
 public:
  // Throws std::runtime_error naming the user or group that does not exist.
  explicit Access(const Settings::Control& settings);

  [[nodiscard]] RoleSet roles_of(const PeerCredentials& peer) const;
  // Always gets a connection: root, and users who may have to undo what locks others out.
  [[nodiscard]] bool is_privileged(const PeerCredentials& peer) const;

  // Lets those who have a role connect to the socket that is bound at `path`, and no one else where the file
  // system can say so. Throws std::runtime_error when control.group cannot be given the file.
  void open_file(const std::string& path) const;

 private:
  std::string group_name_;
  std::optional<gid_t> group_;
  std::map<uid_t, RoleSet> users_;
  std::map<gid_t, RoleSet> groups_;
};

}  // namespace vpcwall

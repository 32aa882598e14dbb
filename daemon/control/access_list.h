// The access list of a file (acl(5)): who besides its owner may read and write it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace vpcwall {

struct AccessList {
  bool group = false;  // whether the file's own group may
  std::vector<uid_t> users;
  std::vector<gid_t> groups;
};

// What the kernel takes as the value of system.posix_acl_access.
[[nodiscard]] std::string to_bytes(const AccessList& list);

// False, and errno says why, when the file system has no such lists.
[[nodiscard]] bool admit(const std::string& path, const AccessList& list);

}  // namespace vpcwall

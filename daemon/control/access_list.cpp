#include "daemon/control/access_list.h"

#include <linux/posix_acl_xattr.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cstdint>

namespace vpcwall {
namespace {

// <linux/posix_acl.h> is not for user space.
enum Tag : std::uint16_t { owner = 1, user = 2, own_group = 4, group = 8, mask = 16, other = 32 };
constexpr std::uint16_t read_write = 6;
constexpr std::uint32_t no_id = 0xffffffffU;

void put(std::string& bytes, std::uint32_t value, unsigned size) {  // little-endian
  for (unsigned i = 0; i < size; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xffU);
}

void put_entry(std::string& bytes, Tag tag, bool may, std::uint32_t id = no_id) {
  put(bytes, tag, 2);
  put(bytes, may ? read_write : 0, 2);
  put(bytes, id, 4);
}

}  // namespace

std::string to_bytes(const AccessList& list) {
  std::vector<uid_t> users = list.users;
  std::vector<gid_t> groups = list.groups;
  std::sort(users.begin(), users.end());
  std::sort(groups.begin(), groups.end());
  std::string bytes;
  put(bytes, POSIX_ACL_XATTR_VERSION, 4);
  put_entry(bytes, Tag::owner, true);
  for (const uid_t id : users) put_entry(bytes, Tag::user, true, id);
  put_entry(bytes, Tag::own_group, list.group);
  for (const gid_t id : groups) put_entry(bytes, Tag::group, true, id);
  put_entry(bytes, Tag::mask, true);
  put_entry(bytes, Tag::other, false);
  return bytes;
}

bool admit(const std::string& path, const AccessList& list) {
  const std::string bytes = to_bytes(list);
  return ::setxattr(path.c_str(), "system.posix_acl_access", bytes.data(), bytes.size(), 0) == 0;
}

}  // namespace vpcwall

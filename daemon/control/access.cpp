#include "daemon/control/access.h"

#include <grp.h>
#include <pwd.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include "control/request.h"
#include "daemon/control/access_list.h"

namespace vpcwall {
namespace {

// "1001" is a number also where somebody is called so: names do not begin with a digit.
std::optional<std::uint32_t> number_of(const std::string& text) {
  std::uint32_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  constexpr std::uint32_t none = 0xffffffffU;  // what the kernel takes as "no user"
  if (error != std::errc{} || stop != end || number == none) return std::nullopt;
  return number;
}

[[noreturn]] void fail_unknown(const std::string& what, const std::string& name, const std::string& key) {
  throw std::runtime_error("control socket: there is no " + what + ' ' + name + ", which " + key +
                           " in daemon.yaml names; create it, or correct the name");
}

uid_t user_of(const std::string& name, const std::string& key) {
  if (const auto number = number_of(name)) return *number;
  const passwd* entry = ::getpwnam(name.c_str());  // NOLINT: before any thread starts
  if (entry == nullptr) fail_unknown("user", name, key);
  return entry->pw_uid;
}

gid_t group_of(const std::string& name, const std::string& key) {
  if (const auto number = number_of(name)) return *number;
  const group* entry = ::getgrnam(name.c_str());  // NOLINT: before any thread starts
  if (entry == nullptr) fail_unknown("group", name, key);
  return entry->gr_gid;
}

}  // namespace

std::optional<PeerCredentials> credentials_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  PeerCredentials peer{credentials.pid, credentials.uid, {credentials.gid}};
  std::vector<gid_t> groups(64);
  for (;;) {
    size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0) break;
    if (errno != ERANGE) {  // a kernel that does not tell: the first group alone counts
      size = 0;
      break;
    }
    groups.resize(size / sizeof(gid_t));  // the kernel has said how many there are
  }
  groups.resize(size / sizeof(gid_t));
  peer.groups.insert(peer.groups.end(), groups.begin(), groups.end());
  return peer;
}

std::optional<std::string> denial(std::string_view verb, uid_t user, RoleSet roles) {
  const RequestVerb* known = find_verb(verb);
  if (known != nullptr && roles.has(known->role)) return std::nullopt;
  const std::string role(known == nullptr ? "" : to_string(known->role));
  return "permission denied: " + std::string(verb) + " needs the role " + role + ", which user " +
         std::to_string(user) + " does not have; root can give it: control.roles." + role + " in daemon.yaml";
}

Access::Access(const Settings::Control& settings) : group_name_(settings.group) {
  if (!group_name_.empty()) {
    group_ = group_of(group_name_, "control.group");
    groups_[*group_] = RoleSet::all();
  }
  for (std::size_t i = 0; i < role_count; ++i) {
    const RoleSet role{static_cast<Role>(i)};
    const std::string key = "control.roles." + std::string(role_names.at(i));
    for (const std::string& name : settings.roles.at(i).users) users_[user_of(name, key + ".users")] |= role;
    for (const std::string& name : settings.roles.at(i).groups)
      groups_[group_of(name, key + ".groups")] |= role;
  }
}

RoleSet Access::roles_of(const PeerCredentials& peer) const {
  if (peer.user == 0 || peer.user == ::geteuid()) return RoleSet::all();
  RoleSet roles;
  if (const auto found = users_.find(peer.user); found != users_.end()) roles |= found->second;
  for (const gid_t group : peer.groups)
    if (const auto found = groups_.find(group); found != groups_.end()) roles |= found->second;
  return roles;
}

bool Access::is_privileged(const PeerCredentials& peer) const { return roles_of(peer).has(Role::confirm); }

void Access::open_file(const std::string& path) const {
  if (group_ && (::chown(path.c_str(), static_cast<uid_t>(-1), *group_) != 0 ||
                 ::chmod(path.c_str(), S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP) != 0))
    throw std::runtime_error(
        "control socket " + path + " cannot be given to group " + group_name_ + ": " + std::strerror(errno) +
        (::geteuid() == 0
             ? ""
             : " (without root, the daemon must be a member: SupplementaryGroups= in the unit)"));
  AccessList list{group_.has_value(), {}, {}};
  for (const auto& [user, roles] : users_) list.users.push_back(user);
  for (const auto& [group, roles] : groups_)
    if (group != group_) list.groups.push_back(group);
  if (list.users.empty() && list.groups.empty()) return;
  if (admit(path, list)) return;
  spdlog::warn(
      "control socket {}: its file system has no access lists ({}), so every user may connect; who has no "
      "role "
      "is turned away",
      path, std::strerror(errno));
  if (::chmod(path.c_str(), 0666) != 0)
    throw std::runtime_error("control socket " + path + ": " + std::strerror(errno));
}

}  // namespace vpcwall

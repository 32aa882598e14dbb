#include "daemon/control/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "control/request.h"
#include "daemon/control/access_list.h"
#include "daemon/control/connection_limits.h"
#include "daemon/file_descriptor.h"

namespace vpcwall {
namespace {

using ::testing::HasSubstr;

Settings::Control roles(const std::string& yaml) {
  const LoadedSettings loaded = load_settings("version: 1\ncontrol: " + yaml + "\n", "daemon.yaml");
  EXPECT_TRUE(loaded.settings.has_value()) << to_string(loaded.diagnostics.at(0));
  return loaded.settings->control;
}

TEST(Access, GivesRootEveryRoleAndOthersNone) {
  const Access access{Settings::Control{}};
  EXPECT_EQ(access.roles_of({1, 0, {}}), RoleSet::all());
  EXPECT_EQ(access.roles_of({1, ::geteuid(), {}}), RoleSet::all());
  EXPECT_TRUE(access.roles_of({1, 4711, {4711, 0}}).empty()) << "root's group is not root";
  EXPECT_TRUE(access.is_privileged({1, 0, {}}));
  EXPECT_FALSE(access.is_privileged({1, 4711, {}}));
}

TEST(Access, GivesTheMembersOfTheGroupEveryRole) {
  const Access access(roles("{group: nogroup}"));
  EXPECT_EQ(access.roles_of({1, 4711, {4711, 65534}}), RoleSet::all());
  EXPECT_TRUE(access.roles_of({1, 4711, {4711}}).empty());
}

TEST(Access, AddsTheRolesOfUserAndGroups) {
  const Access access(
      roles("{roles: {view: {users: [nobody, 1001]}, change: {groups: [2001]}, "
            "confirm: {groups: [2002], users: [1001]}, debug: {users: [1003]}}}"));
  EXPECT_EQ(access.roles_of({1, 65534, {65534}}), RoleSet{Role::view});
  EXPECT_EQ(access.roles_of({1, 1001, {}}), (RoleSet{Role::view, Role::confirm}));
  EXPECT_EQ(access.roles_of({1, 1002, {1002, 2001, 2002}}), (RoleSet{Role::change, Role::confirm}));
  EXPECT_EQ(access.roles_of({1, 1003, {}}), RoleSet{Role::debug});
  EXPECT_TRUE(access.is_privileged({1, 1001, {}}));
  EXPECT_FALSE(access.is_privileged({1, 1003, {2001}}));
}

TEST(Access, NamesWhatDoesNotExist) {
  for (const auto& [yaml, sentence] :
       {std::pair("{group: no-such-group}",
                  "there is no group no-such-group, which control.group in daemon.yaml names"),
        std::pair("{roles: {debug: {users: [no-such-user]}}}",
                  "there is no user no-such-user, which control.roles.debug.users in daemon.yaml names")})
    try {
      const Access access(roles(yaml));
      ADD_FAILURE() << yaml;
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), HasSubstr(sentence));
    }
}

TEST(Access, OfAVerbNeedsItsRole) {
  for (const auto& [verb, role] : request_verbs) {
    EXPECT_EQ(denial(verb, 7, RoleSet::all()), std::nullopt);
    EXPECT_EQ(denial(verb, 7, RoleSet{role}), std::nullopt) << verb;
    EXPECT_NE(denial(verb, 7, RoleSet{}), std::nullopt) << verb;
    if (role != Role::view) EXPECT_NE(denial(verb, 7, RoleSet{Role::view}), std::nullopt) << verb;
  }
  EXPECT_NE(denial("no-such-verb", 0, RoleSet::all()), std::nullopt);
  EXPECT_EQ(denial("apply", 7, RoleSet{Role::confirm}),
            "permission denied: apply needs the role change, which user 7 does not have; root can give it: "
            "control.roles.change in daemon.yaml");
}

TEST(Access, KnowsThePeerByTheKernelsWord) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const FileDescriptor one(pair[0]);
  const FileDescriptor other(pair[1]);
  const auto peer = credentials_of(one.get());
  ASSERT_TRUE(peer.has_value());
  EXPECT_EQ(peer->process, ::getpid());
  EXPECT_EQ(peer->user, ::geteuid());
  EXPECT_EQ(peer->groups.front(), ::getegid());
  EXPECT_EQ(peer->groups.size(), 1 + static_cast<std::size_t>(::getgroups(0, nullptr)));
}

TEST(AccessList, IsWhatTheKernelReads) {
  const std::string bytes = to_bytes({true, {1002, 1001}, {7}});
  ASSERT_EQ(bytes.size(), 4U + 7 * 8);
  EXPECT_EQ(bytes.substr(0, 4), std::string("\2\0\0\0", 4));
  EXPECT_EQ(bytes.substr(12, 8), std::string("\2\0\6\0\xe9\3\0\0", 8)) << "user 1001, before 1002";
  EXPECT_EQ(bytes.substr(28, 4), std::string("\4\0\6\0", 4)) << "the file's group";
  EXPECT_EQ(bytes.substr(52, 4), std::string("\x20\0\0\0", 4)) << "others may not";
}

class Limits : public ::testing::Test {
 protected:
  void hold(uid_t user, std::size_t count, bool busy = false) {
    for (std::size_t i = 0; i < count; ++i) {
      const int number = static_cast<int>(held_.size());
      held_.push_back({number, user, busy, TimePoint{} + std::chrono::seconds(number)});
    }
  }
  std::vector<HeldConnection> held_;
};

TEST_F(Limits, AreOfEachUserAndOfAll) {
  hold(1001, ConnectionLimits::per_user - 1);
  EXPECT_FALSE(admit_connection(held_, 1001, false).refusal);
  hold(1001, 1);
  EXPECT_THAT(*admit_connection(held_, 1001, false).refusal, HasSubstr("of this user, at most 16"));
  EXPECT_FALSE(admit_connection(held_, 1002, false).refusal);
  for (uid_t user = 1002; user <= 1004; ++user) hold(user, ConnectionLimits::per_user);
  EXPECT_EQ(admit_connection(held_, 1005, false).refusal, "too many control connections; try again");
}

TEST_F(Limits, NeverKeepRootOut) {
  hold(0, 4);
  for (uid_t user = 1001; user <= 1004; ++user) hold(user, 15);
  EXPECT_TRUE(admit_connection(held_, 1005, false).refusal);
  EXPECT_FALSE(admit_connection(held_, 0, true).refusal);
  EXPECT_FALSE(admit_connection(held_, 0, true).instead_of);
  hold(0, ConnectionLimits::reserved);
  const Admission admission = admit_connection(held_, 0, true);
  EXPECT_FALSE(admission.refusal);
  EXPECT_EQ(admission.instead_of, 4) << "of those who hold most the one that was silent longest";
}

TEST_F(Limits, EndWhatIsIdleBeforeWhatIsBusy) {
  hold(0, 70, true);
  hold(0, 1);
  hold(0, 1, true);
  EXPECT_EQ(admit_connection(held_, 0, true).instead_of, 70);
}

}  // namespace
}  // namespace vpcwall

#include "daemon/service/privileges.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <functional>
#include <stdexcept>

#include "daemon/hooks/hook_installer.h"
#include "daemon/hooks/program.h"
#include "support/network_namespace.h"
#include "support/traffic.h"

namespace vpcwall::test {
namespace {

// Capabilities do not come back, so each test gives them up in a process of its own. 0 = the body returned
// true.
int status_of_child(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    int status = 1;
    try {
      status = body() ? 0 : 1;
    } catch (const std::exception& error) {
      fprintf(stderr, "%s\n", error.what());
      status = 2;
    }
    _exit(status);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

TEST(PrivilegesTest, GivesUpWhatTheDaemonDoesNotNeed) {
  EXPECT_EQ(status_of_child([] {
              drop_privileges();
              const bool new_namespace = unshare(CLONE_NEWNET) == 0;
              // The bare call: the C library's asks every thread, and a sanitizer has one of its own.
              const bool other_user = syscall(SYS_setresuid, 65'534, 65'534, 65'534) == 0;
              return !new_namespace && !other_user && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
            }),
            0);
}

TEST(PrivilegesTest, ProgramsThatAreRunDoNotGetThemBack) {
  EXPECT_EQ(status_of_child([] {
              drop_privileges();
              return run_program({"unshare", "--net", "true"}).status != 0;
            }),
            0);
}

TEST(PrivilegesTest, AnswersPacketsAndChangesRulesAfterwards) {
  EXPECT_EQ(status_of_child([] {
              const RoutedPair lab;
              const UdpSocket client(lab.client, "10.9.1.1", 4000);
              const UdpSocket server(lab.server, "10.9.2.1", 5000);
              if (setns(lab.router.descriptor(), CLONE_NEWNET) != 0) return false;
              const std::unique_ptr<HookInstaller> hooks = make_hook_installer(HookBackend::automatic);
              NfQueue queue({});
              drop_privileges();
              HookPlan plan;
              plan.guarded = {*parse_prefix("10.9.2.0/24")};
              hooks->install(plan);
              client.send("judged", endpoint("10.9.2.1", 5000));
              if (read_bursts(queue, 1, QueueReader::accept_all) != 1 || server.receive() != "judged")
                return false;
              hooks->remove();
              client.send("unguarded", endpoint("10.9.2.1", 5000));
              return server.receive() == "unguarded";
            }),
            0);
}

TEST(PrivilegesTest, SaysWhatIsMissing) {
  EXPECT_EQ(status_of_child([] {
              if (setresuid(65'534, 65'534, 65'534) != 0) return false;
              try {
                drop_privileges();
              } catch (const std::runtime_error& error) {
                return std::string(error.what()).find("CAP_NET_ADMIN is missing") != std::string::npos;
              }
              return false;
            }),
            0);
}

}  // namespace
}  // namespace vpcwall::test

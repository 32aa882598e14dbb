#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <system_error>
#include <thread>

#include "cli/lab/process.h"

namespace vpcwall {
namespace {

using std::chrono_literals::operator""s;

std::string stat_line(const std::string& name) {
  return "4711 (" + name +
         ") S 17 4711 4711 0 -1 4194560 1 0 0 0 2 3 0 0 20 0 1 0 987654321 1000 2 18446744073709551615 1\n";
}

TEST(ProcessStat, ReadsStateParentAndStartWhateverTheProgramIsCalled) {
  for (const char* name : {"vpcwalld", "a b", ") R 1 (", "))", ""}) {
    const auto stat = parse_process_stat(stat_line(name));
    ASSERT_TRUE(stat) << name;
    EXPECT_EQ(stat->state, 'S') << name;
    EXPECT_EQ(stat->parent, 17) << name;
    EXPECT_EQ(stat->started, 987654321U) << name;
  }
}

TEST(ProcessStat, RefusesWhatIsCutOffAtAnyPlace) {
  const std::string whole = stat_line("x");
  const std::size_t end_of_start_time = whole.find("987654321");
  for (std::size_t size = 0; size <= end_of_start_time; ++size) {
    EXPECT_FALSE(parse_process_stat(whole.substr(0, size))) << size;
  }
}

// A process that ends between the opening of its file and the reading of it is an error of the read.
TEST(ProcessStat, OfAProcessThatEndsMeanwhileIsNone) {
  for (int i = 0; i < 300; ++i) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[1]);
      char byte = 0;
      (void)!::read(ends[0], &byte, 1);
      ::_exit(0);
    }
    ::close(ends[0]);
    const std::jthread reaper([&] {
      ::close(ends[1]);
      ::waitpid(child, nullptr, 0);
    });
    while (read_process_stat(child)) continue;
  }
}

TEST(ProcessIdentity, SurvivesAPidFile) {
  const ProcessIdentity process{4711, 987654321};
  EXPECT_EQ(to_string(process), "4711 987654321\n");
  EXPECT_EQ(parse_process_identity(to_string(process)), process);
  EXPECT_EQ(parse_process_identity("4711 987654321"), process);
}

TEST(ProcessIdentity, RefusesAnythingElseInAPidFile) {
  for (const char* text : {"", "4711", "4711\n", "4711 ", "4711 x", "x 1", "4711 1 2", "4711 1\n\n", "-4 1",
                           "0 1", "1 1", "99999999999 1", "4711  1"}) {
    EXPECT_FALSE(parse_process_identity(text)) << '"' << text << '"';
  }
}

TEST(ProcessIdentity, IsNotFooledByAReusedPid) {
  const auto self = identify(::getpid());
  ASSERT_TRUE(self);
  EXPECT_TRUE(is_alive(*self));
  EXPECT_FALSE(is_alive({self->pid, self->started - 1}));
  // Were the signal sent, it would end this test.
  EXPECT_FALSE(send_signal({self->pid, self->started - 1}, SIGKILL));
  end_processes({{self->pid, self->started - 1}}, 1s);
}

TEST(RunToEnd, FeedsInputAndGivesBackOutputAndExitStatus) {
  const std::string much(300'000, 'x');
  const FinishedProgram echoed = run_to_end({"cat"}, much);
  EXPECT_EQ(echoed.exit_status, 0);
  EXPECT_EQ(echoed.output, much);
  EXPECT_EQ(run_to_end({"sh", "-c", "echo out; echo err >&2; exit 7"}).exit_status, 7);
  EXPECT_EQ(run_to_end({"sh", "-c", "echo out; echo err >&2"}).output, "out\nerr\n");
  EXPECT_EQ(run_to_end({"sh", "-c", "kill -TERM $$"}).exit_status, 128 + SIGTERM);
}

TEST(RunToEnd, SaysWhichProgramIsMissing) {
  try {
    static_cast<void>(run_to_end({"no-such-program-at-all"}));
    FAIL() << "it ran";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_NE(std::string{error.what()}.find("no-such-program-at-all"), std::string::npos);
  }
}

TEST(EndProcesses, EndsAlsoWhatIgnoresTheFirstRequest) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    static_cast<void>(std::signal(SIGTERM, SIG_IGN));
    static_cast<void>(::write(ready[1], "x", 1));
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::close(ready[0]);
  ::close(ready[1]);
  const auto process = identify(child);
  ASSERT_TRUE(process);
  EXPECT_TRUE(is_alive(*process));
  end_processes({*process}, std::chrono::milliseconds{50});
  EXPECT_FALSE(is_alive(*process));
}

}  // namespace
}  // namespace vpcwall

#include "daemon/change/audit_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "audit/entry.h"
#include "audit/verification.h"
#include "daemon/change/audit_log.h"

namespace vpcwall {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AuditFiles : public ::testing::Test {
 protected:
  AuditFiles() {
    std::array<char, 64> name{"/tmp/vpcwall-audit-XXXXXX"};
    folder_ = ::mkdtemp(name.data());
    settings_ = {.path = folder_ + "/audit.log",
                 .head = folder_ + "/audit.head",
                 .most_bytes = 2000,
                 .generations = 3};
  }
  ~AuditFiles() override { std::filesystem::remove_all(folder_); }

  static std::string read(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void write(const std::string& text) const { std::ofstream(settings_.path) << text; }
  static void append(AuditFile& file, int times) {
    for (int i = 0; i < times; ++i) file.append({{"event", "apply"}, {"text", std::string(100, 'x')}});
  }
  // As the command does it.
  [[nodiscard]] ChainReport verify() const {
    ChainVerification check(head_of(read(settings_.head)));
    for (unsigned i = settings_.generations + 1; i-- > 0;) {
      std::istringstream lines(read(settings_.path + (i == 0 ? "" : '.' + std::to_string(i))));
      for (std::string line; std::getline(lines, line);) check.line(line);
    }
    return check.finish();
  }

  std::string folder_;
  AuditFileSettings settings_;
};

TEST_F(AuditFiles, GoOnWhereAnEarlierProcessEnded) {
  for (int i = 1; i <= 3; ++i) {
    AuditFile file(settings_);
    EXPECT_EQ(file.head().entry, static_cast<std::uint64_t>(i) - 1);
    append(file, 1);
    EXPECT_THAT(file.warning(), IsEmpty());
  }
  EXPECT_TRUE(verify().intact());
  EXPECT_EQ(verify().last, 3U);
}

TEST_F(AuditFiles, KeepTheChainWhenTheyAreRotated) {
  AuditFile file(settings_);
  append(file, 100);
  EXPECT_TRUE(std::filesystem::exists(settings_.path + ".3"));
  EXPECT_FALSE(std::filesystem::exists(settings_.path + ".4"));
  const ChainReport report = verify();
  EXPECT_TRUE(report.intact()) << report.findings.at(0).text;
  EXPECT_EQ(report.last, 100U);
  EXPECT_GT(report.first, 1U);
  EXPECT_EQ(report.first, file.head().first);
  EXPECT_EQ(AuditFile(settings_).head(), file.head());

  std::filesystem::remove(settings_.path + ".3");
  ASSERT_EQ(verify().findings.size(), 1U) << "a generation was removed, and not rotated away";
  EXPECT_EQ(verify().findings[0].first, report.first);
}

TEST_F(AuditFiles, GoOnAfterAKillBetweenLineAndHead) {
  {
    AuditFile file(settings_);
    append(file, 2);
    std::filesystem::copy(settings_.head, folder_ + "/before");
    append(file, 1);
  }
  std::filesystem::rename(folder_ + "/before", settings_.head);
  AuditFile file(settings_);
  EXPECT_THAT(file.warning(), IsEmpty());
  append(file, 1);
  EXPECT_TRUE(verify().intact());
  EXPECT_EQ(verify().last, 4U);
}

TEST_F(AuditFiles, GoOnAfterAKillBetweenHeadAndRotation) {
  const auto path = [this](int number) { return settings_.path + '.' + std::to_string(number); };
  {
    AuditFile file(settings_);
    for (std::uint64_t first = 1; file.head().first == first;) {
      if (std::filesystem::exists(path(3)))
        std::filesystem::copy_file(path(3), folder_ + "/oldest",
                                   std::filesystem::copy_options::overwrite_existing);
      append(file, 1);
    }
  }
  std::filesystem::rename(path(1), settings_.path);
  std::filesystem::rename(path(2), path(1));
  std::filesystem::rename(path(3), path(2));
  std::filesystem::rename(folder_ + "/oldest", path(3));
  AuditFile file(settings_);
  EXPECT_THAT(file.warning(), IsEmpty());
  EXPECT_TRUE(verify().intact());
  append(file, 1);
  EXPECT_TRUE(verify().intact());
}

TEST_F(AuditFiles, CutOffALineThatWasNeverFinished) {
  {
    AuditFile file(settings_);
    append(file, 2);
  }
  const std::string whole = read(settings_.path);
  write(whole + R"({"entry":3,"prev)");
  AuditFile file(settings_);
  EXPECT_THAT(file.warning(), HasSubstr("never finished"));
  EXPECT_EQ(read(settings_.path), whole);
  append(file, 1);
  EXPECT_TRUE(verify().intact());
}

TEST_F(AuditFiles, SayWhatWasCutAtTheEndAndLeaveAGap) {
  {
    AuditFile file(settings_);
    append(file, 4);
  }
  const std::string whole = read(settings_.path);
  write(whole.substr(0, whole.find("{\"entry\":3")));
  AuditFile file(settings_);
  EXPECT_THAT(file.warning(), HasSubstr("does not end with entry 4"));
  append(file, 1);
  const ChainReport report = verify();
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].text, "entries 3 to 4 are missing");
}

TEST_F(AuditFiles, SayThatTheLogIsGone) {
  {
    AuditFile file(settings_);
    append(file, 4);
  }
  std::filesystem::remove(settings_.path);
  EXPECT_THAT(AuditFile(settings_).warning(), HasSubstr("is gone"));
}

TEST_F(AuditFiles, VouchForALogOfATimeBeforeTheChain) {
  write("{\"event\":\"start\"}\n{\"event\":\"apply\"}\n");
  AuditFile file(settings_);
  EXPECT_THAT(file.warning(), IsEmpty());
  append(file, 1);
  EXPECT_TRUE(verify().intact());
  EXPECT_EQ(verify().unchained, 2U);
}

TEST_F(AuditFiles, LeaveNoLineWhoseHeadCannotBeKept) {
  AuditFile file(settings_);
  append(file, 1);
  const std::string before = read(settings_.path);
  std::filesystem::remove(settings_.head);
  std::filesystem::create_directory(settings_.head);
  EXPECT_THROW(append(file, 1), std::system_error);
  EXPECT_EQ(read(settings_.path), before);
  std::filesystem::remove(settings_.head);
  append(file, 1);
  EXPECT_TRUE(verify().intact());
  EXPECT_EQ(verify().last, 2U);
}

TEST_F(AuditFiles, OfRefusedRequestsTakeNoRoomFromChanges) {
  AuditLog log(folder_);
  const Asker asker{"control socket", 7, 65534};
  log.note(asker, {{"event", "apply"}, {"name", "the change"}});
  for (int i = 0; i < 300; ++i)
    log.note_refused(asker, {{"event", "apply"}, {"diagnostics", {std::string(400'000, 'x')}}});
  EXPECT_THAT(read(folder_ + "/audit.log"), HasSubstr("the change"));
  EXPECT_EQ(log.head()->entry, 1U);
  EXPECT_LE(std::filesystem::file_size(folder_ + "/audit-refused.log"), 300 * max_entry_bytes);
  EXPECT_THAT(read(folder_ + "/audit-refused.log"), HasSubstr("\"entry\":300"));
}

TEST_F(AuditFiles, HoldNothingThatActsOnATerminal) {
  AuditLog log(folder_);
  log.note({"control socket", 7, 0}, {{"event", "apply"}, {"name", "a\n\u202e\u009b\033[2J"}});
  const std::string text = read(folder_ + "/audit.log");
  EXPECT_THAT(text, HasSubstr(R"("name":"a\n\u202e\u009b\u001b[2J")"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

}  // namespace
}  // namespace vpcwall

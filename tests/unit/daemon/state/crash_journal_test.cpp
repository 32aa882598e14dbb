#include "daemon/state/crash_journal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace vpcwall {
namespace {

using Texts = std::vector<std::string>;

FlowKey key(std::uint32_t number) {
  FlowKey result;
  result.remote_high = number;
  result.protocol = Protocol::tcp;
  return result;
}

// A process that is killed is one whose journal nobody tells of its end.
class CrashJournalTest : public ::testing::Test {
 protected:
  CrashJournalTest() : folder_(::testing::TempDir() + "vpcwall-journal-" + std::to_string(::getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/fast");
    ::setenv("VPCWALL_BOOT_ID", "this boot", 1);
  }
  ~CrashJournalTest() override {
    std::filesystem::remove_all(folder_);
    ::unsetenv("VPCWALL_BOOT_ID");
  }
  struct Process {
    explicit Process(const std::string& folder, const std::string& copy)
        : journal(folder, folder + "/fast"), found(journal.resume(copy)) {
      if (!found.why_not.empty()) journal.begin_anew(copy);
    }
    void use(const char* text) { journal.came(journal.comes(text)); }
    std::string copy() {
      const CopyMark mark = journal.begin_copy();
      journal.copied(mark);
      return mark.id;
    }
    CrashJournal journal;
    Aftermath found;
  };
  [[nodiscard]] Process start(const std::string& copy = {}) const { return Process(folder_, copy); }
  // With a copy under the policy "one", then "two" in force, and flow 7 ended.
  std::string killed_after_a_copy() {
    Process process(folder_, {});
    process.use("one");
    std::string id = process.copy();
    process.use("two");
    process.journal.ended()->note(key(7));
    return id;
  }
  void damage(const std::string& name, std::streamoff at) const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      if (!entry.path().filename().string().starts_with(name)) continue;
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(at);
      const auto byte = static_cast<char>(file.get() ^ 1);
      file.seekp(at);
      file.put(byte);
    }
  }

  std::string folder_;
};

TEST_F(CrashJournalTest, TellsWhatHappenedAfterTheCopy) {
  const std::string id = killed_after_a_copy();
  Process next(folder_, id);
  EXPECT_EQ(next.found.why_not, "");
  EXPECT_FALSE(next.found.clean);
  EXPECT_EQ(next.found.policies, (Texts{"one", "two"}));
  EXPECT_TRUE(next.journal.ended()->may_have_ended(next.found.set, key(7)));
  EXPECT_FALSE(next.journal.ended()->may_have_ended(next.found.set, key(8)));
}

TEST_F(CrashJournalTest, GoesOnOverSeveralProcessesUntilTheNextCopy) {
  const std::string id = killed_after_a_copy();
  {
    Process second(folder_, id);
    second.use("three");
    second.journal.ended()->note(key(8));
  }
  Process third(folder_, id);
  EXPECT_EQ(third.found.policies, (Texts{"one", "two", "three"}));
  for (const std::uint32_t one : {7U, 8U})
    EXPECT_TRUE(third.journal.ended()->may_have_ended(third.found.set, key(one))) << one;
}

TEST_F(CrashJournalTest, ACopyThatIsNotOnTheDiskYetChangesNothing) {
  std::string id;
  {
    Process first(folder_, {});
    first.use("one");
    id = first.copy();
    first.journal.ended()->note(key(7));
    (void)first.journal.begin_copy();
    first.use("two");
  }
  Process next(folder_, id);
  EXPECT_EQ(next.found.policies, (Texts{"one", "two"}));
  EXPECT_TRUE(next.journal.ended()->may_have_ended(next.found.set, key(7)));
}

TEST_F(CrashJournalTest, ACopyThatIsOnTheDiskCountsThoughNobodyWasTold) {
  std::string id;
  {
    Process first(folder_, {});
    first.use("one");
    (void)first.copy();
    first.journal.ended()->note(key(7));
    id = first.journal.begin_copy().id;
    first.journal.ended()->note(key(8));
  }
  Process next(folder_, id);
  EXPECT_EQ(next.found.why_not, "");
  EXPECT_FALSE(next.journal.ended()->may_have_ended(next.found.set, key(7))) << "the copy does not have it";
  EXPECT_TRUE(next.journal.ended()->may_have_ended(next.found.set, key(8)));
}

TEST_F(CrashJournalTest, AnEndWithNoticeLeavesNothingToKnow) {
  std::string id;
  {
    Process first(folder_, {});
    first.use("one");
    id = first.copy();
    first.journal.ended_cleanly(id);
  }
  ::setenv("VPCWALL_BOOT_ID", "the boot after it", 1);
  {
    Process second(folder_, id);
    EXPECT_TRUE(second.found.clean);
    EXPECT_EQ(second.found.why_not, "");
    EXPECT_TRUE(second.found.policies.empty());
    second.use("two");
    second.journal.ended()->note(key(7));
  }
  Process third(folder_, id);
  EXPECT_FALSE(third.found.clean) << "once used, the copy is as old as every other";
  EXPECT_EQ(third.found.why_not, "");
  EXPECT_EQ(third.found.policies, Texts{"two"});
  EXPECT_TRUE(third.journal.ended()->may_have_ended(third.found.set, key(7)));
}

TEST_F(CrashJournalTest, NothingIsRestoredAfterAnotherBootNorIfItIsUnknown) {
  for (const char* boot : {"another boot", ""}) {
    const std::string id = killed_after_a_copy();
    ::setenv("VPCWALL_BOOT_ID", boot, 1);
    // Without the variable the kernel tells, and that is no boot of the journal either.
    EXPECT_NE(start(id).found.why_not, "") << boot;
    ::setenv("VPCWALL_BOOT_ID", "this boot", 1);
  }
}

TEST_F(CrashJournalTest, NothingIsRestoredOfACopyThatItDoesNotKnow) {
  (void)killed_after_a_copy();
  EXPECT_NE(start(CrashJournal::new_id()).found.why_not, "");
  (void)killed_after_a_copy();
  EXPECT_NE(start({}).found.why_not, "") << "the copy has gone";
}

TEST_F(CrashJournalTest, NothingIsRestoredWhereAPartIsMissingOrDamaged) {
  const std::vector<std::pair<const char*, void (*)(const std::string&)>> harms = {
      {"a policy", [](const std::string& folder) { std::filesystem::remove(folder + "/in-force-2"); }},
      {"both ended", [](const std::string& folder) { std::filesystem::remove_all(folder + "/fast"); }},
  };
  for (const auto& [what, harm] : harms) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/fast");
    const std::string id = killed_after_a_copy();
    harm(folder_);
    EXPECT_NE(start(id).found.why_not, "") << what;
  }
  for (const auto& [name, at] :
       {std::pair{"in-force-2", 80}, {"ended-flows-", 20}, {"ended-flows-", 100}, {"ended-flows-", 136}}) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/fast");
    const std::string id = killed_after_a_copy();
    damage(name, at);
    EXPECT_NE(start(id).found.why_not, "") << name << " at " << at;
  }
}

TEST_F(CrashJournalTest, MorePoliciesThanThereIsRoomForLeaveNothingToRestoreUntilTheNextCopy) {
  std::string id;
  {
    Process process(folder_, {});
    process.use("one");
    id = process.copy();
    for (std::size_t i = 0; i < PolicyChain::most_policies; ++i) process.use("one of many");
  }
  EXPECT_NE(start(id).found.why_not, "");
  {
    Process process(folder_, {});
    for (std::size_t i = 0; i <= PolicyChain::most_policies; ++i) process.use("one of many");
    id = process.copy();
    process.use("the last one");
  }
  Process next(folder_, id);
  EXPECT_EQ(next.found.why_not, "");
  EXPECT_EQ(next.found.policies, (Texts{"one of many", "the last one"}));
}

TEST_F(CrashJournalTest, APolicyThatWasRefusedIsNotAskedLater) {
  std::string id;
  {
    Process process(folder_, {});
    process.use("one");
    id = process.copy();
    process.journal.withdrew(process.journal.comes("refused"));
    EXPECT_EQ(process.journal.begin_copy().policy, 1U);
  }
  EXPECT_EQ(start(id).found.policies, Texts{"one"});
}

}  // namespace
}  // namespace vpcwall

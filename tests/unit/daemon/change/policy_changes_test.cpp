// Who may change the policy while another one is being prepared, and what comes of it. The firewall is a
// variable here, and a preparation goes on when the test lets it.
#include "daemon/change/policy_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <semaphore>
#include <stdexcept>

#include "daemon/change/digest.h"
#include "policy/policy_yaml.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A policy whose only group is called so.
std::string text_of(const std::string& group) {
  return emit_policy(test::small_vpc("  - {name: " + group + ", ingress: [], egress: []}"));
}

class PolicyChangesTest : public ::testing::Test {
 protected:
  PolicyChangesTest() {
    std::array<char, 64> name{"/tmp/vpcwall-changes-XXXXXX"};
    folder_ = ::mkdtemp(name.data());
    settings_.policy = folder_ / "policy.yaml";
    settings_.state.directory = folder_ / "state";
    std::filesystem::create_directories(folder_ / "state");
    write(text_of("first"));
    in_force_ = prepare(*load_policy(text_of("first"), "first").policy, nullptr);
    changes_.emplace(settings_, force(), PolicyHistory(settings_.state.directory, 20), "",
                     [this](const PreparationOrder& order, const std::stop_token& stop) {
                       const std::stop_callback released(stop, [this] { go_.release(); });
                       begun_.release();
                       go_.acquire();
                       return prepare_policy(order, stop);
                     });
    changes_->began({text_of("first"), settings_.policy}, PolicySource::file, {});
  }
  ~PolicyChangesTest() override {
    changes_.reset();
    std::filesystem::remove_all(folder_);
  }

  PolicyForce force() {
    return {[this] { return in_force_; },
            [this](const std::shared_ptr<const PreparedPolicy>& next, Firewall::Absent) {
              if (!trouble_.empty()) throw std::runtime_error(trouble_);
              EXPECT_EQ(next->known, in_force_->context) << "prepared from something else";
              EXPECT_EQ(next->compiled->generation, generation_ + 1) << "which would cost a copy";
              in_force_ = next;
              ReloadReport report;
              report.generation = ++generation_;
              report.everywhere = true;
              return report;
            },
            [this] { return generation_; }, [](const Policy&) { return std::vector<DeviceBinding>{}; }};
  }

  // Outcomes come to `said`, in order: "apply a: 2", or what was wrong.
  PolicyChanges::Done saying(const std::string& what) {
    return [this, what](const ChangeOutcome& outcome) {
      said_.push_back(what + ": " +
                      (outcome.report                ? std::to_string(outcome.report->generation)
                       : outcome.diagnostics.empty() ? "refused"
                                                     : outcome.diagnostics.back()));
    };
  }
  void apply(const std::string& group, std::optional<Duration> within = {}) {
    changes_->apply(asker_, {text_of(group), group + ".yaml"}, within, saying("apply " + group));
  }
  // The job that has begun goes on, and its outcome is there.
  void let_one_go() {
    begun_.acquire();
    go_.release();
    pollfd event{changes_->event_fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&event, 1, 60'000), 1);
    changes_->advance();
  }

  void write(const std::string& text) const { std::ofstream(settings_.policy) << text; }
  [[nodiscard]] std::string file() const {
    std::ifstream stream(settings_.policy);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  [[nodiscard]] std::string group_in_force() const { return in_force_->written->security_groups.back().name; }

  std::filesystem::path folder_;
  Settings settings_;
  Asker asker_{"control socket", 1, 0};
  std::shared_ptr<const PreparedPolicy> in_force_;
  std::uint64_t generation_ = 1;
  std::string trouble_;
  std::vector<std::string> said_;
  std::counting_semaphore<> begun_{0}, go_{0};
  std::optional<PolicyChanges> changes_;
};

TEST_F(PolicyChangesTest, AskWithoutWaitingAndComeIntoForceInOneStep) {
  apply("a");
  EXPECT_TRUE(said_.empty());
  ASSERT_TRUE(changes_->preparing());
  EXPECT_EQ(changes_->preparing()->how, "apply");
  EXPECT_EQ(changes_->preparing()->name, "a.yaml");
  EXPECT_EQ(changes_->preparing()->waiting, 0U);
  EXPECT_EQ(group_in_force(), "first");
  changes_->advance();  // for another reason
  EXPECT_EQ(file(), text_of("first"));
  let_one_go();
  EXPECT_THAT(said_, ElementsAre("apply a: 2"));
  EXPECT_EQ(group_in_force(), "a");
  EXPECT_EQ(file(), text_of("a"));
  EXPECT_EQ(changes_->digest(), digest_of(text_of("a")));
  EXPECT_FALSE(changes_->preparing());
}

TEST_F(PolicyChangesTest, TwoApplicationsComeInTheirOrder) {
  apply("a");
  apply("b");
  EXPECT_EQ(changes_->preparing()->waiting, 1U);
  let_one_go();
  EXPECT_EQ(group_in_force(), "a");
  EXPECT_EQ(changes_->preparing()->name, "b.yaml");
  let_one_go();
  EXPECT_THAT(said_, ElementsAre("apply a: 2", "apply b: 3"));
  EXPECT_EQ(file(), text_of("b"));
}

TEST_F(PolicyChangesTest, WhatComesAfterOneThatIsToBeConfirmedIsRefused) {
  apply("a", seconds(60));
  apply("b");
  let_one_go();
  ASSERT_EQ(said_.size(), 2U);
  EXPECT_EQ(said_[0], "apply a: 2");
  EXPECT_THAT(said_[1], HasSubstr("apply b: a policy waits to be confirmed"));
  EXPECT_EQ(file(), text_of("first"));
  EXPECT_FALSE(changes_->preparing());
}

TEST_F(PolicyChangesTest, AConfirmationOfWhatIsNotInForceYetIsRefused) {
  apply("a", seconds(60));
  EXPECT_THAT(changes_->confirm(asker_).diagnostics.back(), HasSubstr("one is being prepared"));
  let_one_go();
  EXPECT_EQ(file(), text_of("first"));
  EXPECT_TRUE(changes_->confirm(asker_).report);
  EXPECT_EQ(file(), text_of("a"));
}

TEST_F(PolicyChangesTest, AConfirmationComesAtOnceWhileACandidateIsPrepared) {
  apply("a", seconds(60));
  let_one_go();
  changes_->prepare_trial(asker_, {text_of("b"), "b.yaml"}, [](const Preparation&) {});
  begun_.acquire();
  EXPECT_TRUE(changes_->confirm(asker_).report);
  EXPECT_EQ(file(), text_of("a"));
}

TEST_F(PolicyChangesTest, TheWayBackComesInItsTimeWhateverIsPrepared) {
  apply("a", seconds(60));
  let_one_go();
  std::vector<std::string> tried;
  changes_->prepare_trial(asker_, {text_of("b"), "b.yaml"},
                          [&](const Preparation& made) { tried.push_back(made.policy ? "b" : "refused"); });
  EXPECT_EQ(changes_->preparing()->how, "shadow");
  ASSERT_TRUE(changes_->due());
  changes_->revert_if_due(*changes_->due());
  EXPECT_EQ(group_in_force(), "first");
  EXPECT_EQ(generation_, 3U);
  EXPECT_FALSE(changes_->due());
  EXPECT_EQ(changes_->digest(), digest_of(text_of("first")));
  EXPECT_TRUE(changes_->preparing()) << "which goes on";
  let_one_go();
  EXPECT_THAT(tried, ElementsAre("b"));
  apply("c");
  let_one_go();
  EXPECT_EQ(group_in_force(), "c");
}

TEST_F(PolicyChangesTest, ARollbackOfWhatWaitsToBeConfirmedComesAtOnce) {
  apply("a", seconds(60));
  let_one_go();
  changes_->prepare_trial(asker_, {text_of("b"), "b.yaml"}, [](const Preparation&) {});
  changes_->rollback(asker_, {}, {}, saying("rollback"));
  EXPECT_THAT(said_, ElementsAre("apply a: 2", "rollback: 3"));
  EXPECT_EQ(group_in_force(), "first");
}

TEST_F(PolicyChangesTest, ARollbackThatWaitedGoesBackFromWhatIsToBeConfirmedByThen) {
  apply("a", seconds(60));
  changes_->rollback(asker_, {}, {}, saying("rollback"));
  EXPECT_TRUE(said_.empty());
  let_one_go();
  EXPECT_THAT(said_, ElementsAre("apply a: 2", "rollback: 3"));
  EXPECT_EQ(group_in_force(), "first");
}

TEST_F(PolicyChangesTest, ARollbackReadsTheHistoryInItsTurn) {
  apply("a");
  changes_->rollback(asker_, {}, {}, saying("rollback"));
  let_one_go();
  EXPECT_EQ(changes_->preparing()->how, "rollback to 1");
  let_one_go();
  EXPECT_THAT(said_, ElementsAre("apply a: 2", "rollback: 3"));
  EXPECT_EQ(file(), text_of("first"));
}

TEST_F(PolicyChangesTest, SignalsThatComeMeanwhileAreOneReloadOfTheFileAsItIsThen) {
  apply("a");
  const Asker signal{"SIGHUP", 1, 0};
  changes_->reload(signal, saying("first signal"));
  changes_->reload(signal, saying("second signal"));
  changes_->reload(asker_, saying("reload"));
  EXPECT_EQ(changes_->preparing()->waiting, 2U);
  let_one_go();
  write(text_of("edited"));
  let_one_go();
  EXPECT_EQ(group_in_force(), "edited");
  changes_->reload(signal, saying("third signal"));  // what is under way has read the file
  let_one_go();
  let_one_go();
  EXPECT_THAT(said_, ElementsAre("apply a: 2", "first signal: 3", "reload: 4", "third signal: 5"));
}

TEST_F(PolicyChangesTest, AnEndMeanwhileChangesNothingAndLeavesNothing) {
  apply("a", seconds(60));
  apply("b");
  changes_->prepare_trial(asker_, {text_of("c"), "c.yaml"}, [this](const Preparation& made) {
    said_.push_back("trial: " + made.diagnostics.back());
  });
  begun_.acquire();
  changes_->ending();
  EXPECT_THAT(said_, ElementsAre("apply a: the daemon stops: nothing was changed",
                                 "apply b: the daemon stops: nothing was changed",
                                 "trial: the daemon stops: nothing was changed"));
  changes_->reload(asker_, saying("reload"));
  EXPECT_THAT(said_.back(), HasSubstr("the daemon stops"));
  changes_.reset();  // waits for the job
  EXPECT_EQ(group_in_force(), "first");
  EXPECT_EQ(file(), text_of("first"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "policy.yaml.new"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "state/unconfirmed.json"));
}

TEST_F(PolicyChangesTest, OnlySoManyWait) {
  for (std::size_t i = 0; i <= PolicyChanges::most_waiting; ++i) apply("g" + std::to_string(i));
  EXPECT_TRUE(said_.empty());
  apply("late");
  EXPECT_THAT(said_, ElementsAre("apply late: 8 changes wait already while a policy is prepared; ask again "
                                 "later"));
}

TEST_F(PolicyChangesTest, WhatTheFirewallRefusesLeavesFileAndNoteAsTheyWere) {
  trouble_ = "there is no device eth9 here";
  apply("a", seconds(60));
  apply("b");
  let_one_go();
  trouble_.clear();
  let_one_go();
  EXPECT_THAT(said_, ElementsAre("apply a: there is no device eth9 here", "apply b: 2"));
  EXPECT_FALSE(changes_->due());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "state/unconfirmed.json"));
  EXPECT_EQ(file(), text_of("b"));
}

TEST_F(PolicyChangesTest, AMistakeLetsTheNextOneCome) {
  changes_->apply(asker_, {"version: 2", "bad.yaml"}, {}, saying("apply bad"));
  apply("b");
  let_one_go();
  EXPECT_EQ(group_in_force(), "first");
  let_one_go();
  ASSERT_EQ(said_.size(), 2U);
  EXPECT_THAT(said_[0], HasSubstr("bad.yaml:1:"));
  EXPECT_EQ(said_[1], "apply b: 2");
}

TEST_F(PolicyChangesTest, WhatCannotBeKeptIsNotTried) {
  std::filesystem::remove(settings_.policy);
  std::filesystem::create_directory(settings_.policy);
  apply("a");
  let_one_go();
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_THAT(said_[0], HasSubstr("cannot be kept, so it is not tried"));
  EXPECT_EQ(group_in_force(), "first");
}

}  // namespace
}  // namespace vpcwall

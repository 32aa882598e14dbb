#include "audit/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "audit/entry.h"
#include "audit/sha256.h"
#include "audit/verification.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Chain : public ::testing::Test {
 protected:
  Chain() {
    for (int i = 1; i <= 9; ++i) {
      std::string line = append(head_, {{"event", "apply"}, {"user", "root"}, {"i", i}});
      line.pop_back();
      lines_.push_back(line);
    }
  }
  [[nodiscard]] ChainReport report(bool cut = false) const {
    ChainVerification check(with_head_ ? std::optional(head_) : std::nullopt);
    for (const std::string& line : lines_) check.line(line);
    return check.finish(cut);
  }
  [[nodiscard]] std::vector<std::string> findings(bool cut = false) const {
    std::vector<std::string> all;
    for (const ChainFinding& finding : report(cut).findings)
      all.push_back(std::string(to_string(finding.fault)) + ' ' + std::to_string(finding.first) + '-' +
                    std::to_string(finding.last) + ": " + finding.text);
    return all;
  }
  std::string& entry(std::size_t number) { return lines_.at(number - 1); }
  void remove(std::size_t first, std::size_t last) {
    const auto begin = lines_.begin();
    lines_.erase(begin + static_cast<std::ptrdiff_t>(first) - 1, begin + static_cast<std::ptrdiff_t>(last));
  }
  static void change(std::string& line) { line.replace(line.find("root"), 4, "rook"); }

  ChainHead head_;
  bool with_head_ = true;
  std::vector<std::string> lines_;
};

TEST_F(Chain, IsIntactAsItWasWritten) {
  EXPECT_EQ(head_.entry, 9U);
  EXPECT_EQ(head_.digest, sha256_of(entry(9)));
  EXPECT_THAT(entry(1), HasSubstr(R"({"entry":1,"previous":"","event":"apply")"));
  const ChainReport whole = report();
  EXPECT_TRUE(whole.intact());
  EXPECT_EQ(whole.first, 1U);
  EXPECT_EQ(whole.last, 9U);
  with_head_ = false;
  EXPECT_TRUE(report().intact());
}

TEST_F(Chain, NamesEveryEntryThatWasChanged) {
  for (std::size_t number = 1; number <= 9; ++number) {
    const std::string before = entry(number);
    change(entry(number));
    const ChainReport found = report();
    ASSERT_EQ(found.findings.size(), 1U) << number;
    EXPECT_EQ(found.findings[0].fault, ChainFault::changed);
    EXPECT_EQ(found.findings[0].first, number);
    entry(number) = before;
  }
}

TEST_F(Chain, NamesEveryEntryThatWasRemoved) {
  for (std::size_t first = 1; first <= 9; ++first)
    for (std::size_t last = first; last <= 9; ++last) {
      const auto before = lines_;
      remove(first, last);
      const ChainReport found = report();
      ASSERT_EQ(found.findings.size(), 1U) << first << ' ' << last;
      EXPECT_EQ(found.findings[0].fault, ChainFault::missing);
      EXPECT_EQ(found.findings[0].first, first);
      EXPECT_EQ(found.findings[0].last, last);
      lines_ = before;
    }
}

TEST_F(Chain, SaysInASentenceWhatIsWrong) {
  change(entry(3));
  remove(6, 7);
  EXPECT_THAT(findings(),
              ElementsAre("changed 3-3: entry 3 has been changed: it is not what entry 4 vouches for",
                          "missing 6-7: entries 6 to 7 are missing"));
}

TEST_F(Chain, FindsALineThatIsNoEntryAndOneThatWasPutInBetween) {
  entry(4) = "rubbish";
  EXPECT_THAT(findings(), ElementsAre("unreadable 4-4: entry 4 cannot be read: its line is no entry"));
  entry(4) = entry(2);
  EXPECT_THAT(findings(), ElementsAre("unexpected 2-2: entry 2 is out of order: it follows entry 3",
                                      "missing 4-4: entry 4 is missing"));
}

TEST_F(Chain, FindsALineThatIsCutOff) {
  lines_.pop_back();
  EXPECT_THAT(findings(true), ElementsAre("unreadable 9-9: the last line, after entry 8, is cut off",
                                          "missing 9-9: entry 9 is missing at the end"));
}

TEST_F(Chain, FindsAForgedEnd) {
  ChainHead forged = head_;
  for (int i = 0; i < 2; ++i) {
    std::string line = append(forged, {{"event", "apply"}});
    line.pop_back();
    lines_.push_back(line);
  }
  EXPECT_THAT(findings(), ElementsAre("unexpected 11-11: entry 11: the head does not know of them"));
  lines_.pop_back();
  EXPECT_THAT(findings(), IsEmpty()) << "the daemon was killed before it wrote the head";
}

TEST_F(Chain, KnowsWhatWasRotatedAwayFromWhatWasRemoved) {
  head_.first = 4;
  remove(1, 3);
  EXPECT_TRUE(report().intact());
  remove(1, 1);
  EXPECT_THAT(findings(), ElementsAre("missing 4-4: entry 4 is missing at the beginning"));
  with_head_ = false;
  EXPECT_TRUE(report().intact());
}

TEST_F(Chain, VouchesForTheLinesBeforeIt) {
  ChainHead head;
  head.digest = sha256_of(R"({"event":"old"})");
  lines_ = {R"({"event":"older"})", R"({"event":"old"})"};
  for (int i = 0; i < 2; ++i) {
    lines_.push_back(append(head, {{"event", "apply"}}));
    lines_.back().pop_back();
  }
  head_ = head;
  EXPECT_TRUE(report().intact());
  EXPECT_EQ(report().unchained, 2U);
  lines_[1] = R"({"event":"new"})";
  EXPECT_THAT(findings(),
              ElementsAre("changed 1-1: what comes before entry 1 is not what entry 1 vouches for"));
}

TEST_F(Chain, ReadsItsHeadAgain) {
  head_.first = 3;
  EXPECT_EQ(head_of(to_text(head_)), head_);
  for (const char* text : {"", "{}", "[]", R"({"first":1,"entry":-1,"digest":""})", "\xff"})
    EXPECT_FALSE(head_of(text)) << text;
}

TEST(Entry, IsNeverLongerThanItMayBe) {
  std::vector<ordered_json> contents;
  ordered_json diagnostics = ordered_json::array();
  for (int i = 0; i < 1000; ++i) diagnostics.push_back(std::string(5000, 'x'));
  contents.push_back({{"event", "apply"}, {"diagnostics", diagnostics}, {"digest", "sha256:0"}});
  contents.push_back({{"event", "apply"}, {"name", std::string(1'000'000, '\x01')}});
  std::string invisible;
  for (int i = 0; i < 5000; ++i) invisible += "\u202e";
  contents.push_back({{"diagnostics", ordered_json(std::vector<std::string>(500, invisible))}});
  ordered_json keys;
  for (int i = 0; i < 500; ++i) keys["key " + std::to_string(i)] = invisible;
  contents.push_back({{"unconfirmed", keys}});
  for (const ordered_json& content : contents) {
    ChainHead head;
    const std::string line = append(head, content);
    EXPECT_LE(line.size(), max_entry_bytes);
    const auto read = nlohmann::json::parse(line, nullptr, false);
    EXPECT_TRUE(read.is_object()) << line.substr(0, 200);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
  }
  ChainHead head;
  const auto first = ordered_json::parse(append(head, contents[0]));
  EXPECT_EQ(first.at("event"), "apply");
  EXPECT_THAT(first.at("diagnostics").back().get<std::string>(), HasSubstr(" more"));
}

TEST(Entry, HoldsWhatIsShortAsItIs) {
  const ordered_json content{
      {"event", "apply"}, {"diagnostics", {"a", "b"}}, {"generation", 7}, {"x", nullptr}};
  EXPECT_EQ(capped(content), content);
}

}  // namespace
}  // namespace vpcwall

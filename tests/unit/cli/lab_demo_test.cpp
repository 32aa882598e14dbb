#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>
#include <string>

#include "cli/lab/demo_counters.h"
#include "cli/lab/demo_narrator.h"
#include "cli/lab/demo_policy.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(DemoPolicy, IsAPolicyWithoutAMistakeOfForm) {
  const LoadedPolicy loaded = load_policy(ephemeral_port_policy, "ephemeral-port.yaml");
  EXPECT_THAT(loaded.diagnostics, IsEmpty());
  EXPECT_TRUE(loaded.policy);
}

TEST(PolicyEdit, ShowsWhatDiffersBetweenTheLinesThatStay) {
  const EditedPolicy edited =
      edit_policy("a\nb\nc: []\nd\n", {{"b\nc: []\n", "b\nc:\n  - x\n"}, {"d\n", ""}, {"a\n", "new\na\n"}});
  EXPECT_EQ(edited.text, "new\na\nb\nc:\n  - x\n");
  EXPECT_THAT(edited.difference, ElementsAre("  b", "- c: []", "+ c:", "+   - x", "- d", "+ new", "  a"));
}

TEST(PolicyEdit, RefusesAPlaceThatIsNotThereOrNotUnique) {
  EXPECT_THROW(static_cast<void>(edit_policy("a\n", {{"b\n", ""}})), std::logic_error);
  EXPECT_THROW(static_cast<void>(edit_policy("a\na\n", {{"a\n", ""}})), std::logic_error);
}

json entry(const char* direction, const char* rule, int packets) {
  return {{"kind", "acl-entry"},    {"owner", "acl-1"}, {"name", "public"},
          {"direction", direction}, {"rule", rule},     {"text", "allow tcp 443 0.0.0.0/0"},
          {"packets", packets},     {"bytes", 0},       {"last_hit_seconds_ago", nullptr}};
}

json reply(int ingress, int egress, int tracked) {
  return {{"schema", "vpcwall/rules/1"},
          {"rules", {entry("ingress", "100", ingress), entry("egress", "*", egress)}},
          {"gates", {{{"gate", "sg-egress"}, {"outcome", "tracked"}, {"packets", tracked}, {"bytes", 0}}}}};
}

TEST(DemoCounters, CountWhatMovedSinceTheLastLook) {
  const DemoCounters change = moved(counters_from_reply(reply(5, 2, 7)), counters_from_reply(reply(8, 2, 9)));
  EXPECT_EQ(acl_packets(change, "ingress", "100"), 3U);
  EXPECT_EQ(acl_packets(change, "egress", "*"), 0U);
  EXPECT_EQ(gate_packets(change, "sg-egress", "tracked"), 2U);
  EXPECT_EQ(gate_packets(change, "sg-egress", "deny"), 0U);
  ASSERT_EQ(change.rules.size(), 1U);
  EXPECT_EQ(describe(change.rules.front()), "network ACL public, ingress rule 100: allow tcp 443 0.0.0.0/0");
}

TEST(DemoCounters, CountARuleThatIsNewFromZero) {
  DemoCounters before = counters_from_reply(reply(5, 0, 0));
  before.rules.clear();
  EXPECT_EQ(acl_packets(moved(before, counters_from_reply(reply(5, 0, 0))), "ingress", "100"), 5U);
}

TEST(DemoCounters, RefuseAReplyOfAnotherForm) {
  EXPECT_THROW(static_cast<void>(counters_from_reply(json::object())), json::exception);
  EXPECT_THROW(static_cast<void>(counters_from_reply({{"rules", {{{"kind", 7}}}}, {"gates", json::array()}})),
               json::exception);
}

TEST(Narrator, SaysInWordsWhatItSaysInColour) {
  for (const bool color : {false, true}) {
    std::ostringstream out;
    Narrator narrator(out, color);
    narrator.step(2, 6, "a step");
    narrator.outcome("HANG: nothing", true);
    narrator.check(true, "the good");
    narrator.check(false, "the bad");
    EXPECT_THAT(out.str(), HasSubstr("HANG: nothing"));
    EXPECT_THAT(out.str(), HasSubstr("as told"));
    EXPECT_THAT(out.str(), HasSubstr("NOT AS TOLD"));
    EXPECT_THAT(narrator.failures(), ElementsAre("step 2 (a step): the bad"));
    EXPECT_EQ(out.str().find('\033') != std::string::npos, color);
  }
}

TEST(Narrator, BreaksAParagraphBetweenWords) {
  std::ostringstream out;
  Narrator narrator(out, false);
  std::string words;
  for (int i = 0; i < 60; ++i) words += (i == 0 ? "" : " ") + std::string("word") + std::to_string(i);
  narrator.tells(words);
  std::istringstream lines(out.str());
  std::string again;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 96U);
    again += (again.empty() ? "" : " ") + line.substr(12);
  }
  EXPECT_EQ(again, words);
}

}  // namespace
}  // namespace vpcwall

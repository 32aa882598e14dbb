// Every check of the registry, with the two policies of its fixture.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "fixtures.h"
#include "lint/lint.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

std::map<std::string, Fixture> fixtures() {
  std::map<std::string, Fixture> all;
  for (const auto& part : {own_fixtures(), config_fixtures(), prowler_fixtures()})
    for (const Fixture& fixture : part)
      EXPECT_TRUE(all.emplace(fixture.check, fixture).second) << fixture.check;
  return all;
}

// The findings of one check; a suppressed one, too, makes its suppression a used one.
std::vector<Finding> findings_of(const std::string& text, const Check& check) {
  const LoadedPolicy loaded = load_policy(text, "p.yaml");
  EXPECT_TRUE(loaded.policy.has_value()) << text;
  if (!loaded.policy) return {};
  LintOptions options;
  options.checks = {&check};
  if (check.id == "VW015") options.checks.push_back(find_check("VW007"));
  options.places = DaemonPlaces{};  // of a router that knows no device
  LintReport report = lint(*loaded.policy, options);
  EXPECT_TRUE(report.complete);
  std::erase_if(report.findings, [&](const Finding& finding) { return finding.check != &check; });
  return report.findings;
}

std::uint32_t marked_line(const std::string& text) {
  const auto mark = text.find("# here");
  if (mark == std::string::npos) return 0;
  return static_cast<std::uint32_t>(
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(mark), '\n') + 1);
}

TEST(Checks, EachHasAFixtureAndNoFixtureIsOfNone) {
  const auto all = fixtures();
  for (const Check& check : checks())
    EXPECT_EQ(all.contains(std::string(check.id)), check.is_answerable()) << check.id;
  for (const auto& [id, fixture] : all) EXPECT_NE(find_check(id), nullptr) << id;
}

TEST(Checks, EachFindsNothingInItsCompliantPolicy) {
  for (const auto& [id, fixture] : fixtures())
    for (const Finding& finding : findings_of(fixture.compliant, *find_check(id)))
      ADD_FAILURE() << id << " in line " << finding.at.line << ": " << finding.message << '\n'
                    << fixture.compliant;
}

TEST(Checks, EachFindsItsMistakeWhereItStands) {
  for (const auto& [id, fixture] : fixtures()) {
    const auto found = findings_of(fixture.non_compliant, *find_check(id));
    ASSERT_FALSE(found.empty()) << id << '\n' << fixture.non_compliant;
    for (const Finding& finding : found) {
      EXPECT_FALSE(finding.message.empty()) << id;
      EXPECT_FALSE(finding.remedy.empty()) << id;
      EXPECT_GT(finding.at.line, 0U) << id;
    }
    const std::uint32_t line = marked_line(fixture.non_compliant);
    if (line == 0) continue;
    EXPECT_EQ(found.size(), 1U) << id;
    EXPECT_EQ(found.front().at.line, line) << id << ": " << found.front().message;
  }
}

TEST(Checks, HaveIdsOfTheirOwnAndSayWhatTheyAre) {
  std::set<std::string_view> ids;
  for (const Check& check : checks()) {
    EXPECT_TRUE(ids.insert(check.id).second) << check.id;
    EXPECT_TRUE(check.name == check.id || ids.insert(check.name).second) << check.name;
    EXPECT_FALSE(check.title.empty()) << check.id;
    EXPECT_FALSE(check.help.empty()) << check.id;
    EXPECT_EQ(check.remedy.empty(), !check.is_answerable()) << check.id;
    EXPECT_EQ(find_check(check.id), &check);
    EXPECT_EQ(find_check(check.name), &check);
  }
}

TEST(Checks, NameThoseThatAPolicyCannotAnswer) {
  for (const char* id : {"VPC_FLOW_LOGS_ENABLED", "EC2.6", "vpc_flow_logs_enabled"}) {
    const Check* check = find_check(id);
    ASSERT_NE(check, nullptr) << id;
    EXPECT_FALSE(check->is_answerable()) << id;
    EXPECT_NE(check->help.find("policy file"), std::string_view::npos) << id;
  }
}

}  // namespace
}  // namespace vpcwall

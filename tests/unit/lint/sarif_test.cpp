// The parts of SARIF 2.1.0 that its schema requires, and those that readers of it need; and our own JSON.
#include "lint/sarif.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "fixtures.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

std::vector<LintedFile> linted(const std::vector<const Check*>& checks) {
  const std::string text =
      group(rule("protocol: tcp, ports: 22, source: 0.0.0.0/0")) +
      "lint: {suppress: [{check: EC2.13, object: web, reason: \"a \\\"honeypot\\\"\"}]}\n";
  const LoadedPolicy loaded = load_policy(text, "p.yaml");
  EXPECT_TRUE(loaded.policy.has_value());
  return {{"my policies/p\xc3\xa4.yaml", lint(loaded.policy.value_or(Policy{}), {checks, {}})}};
}

std::vector<const Check*> all_checks() {
  const auto selected = select_checks({}, {});
  return selected ? *selected : std::vector<const Check*>{};
}

bool is_text(const ordered_json& message) {
  return message.is_object() && message.contains("text") && message.at("text").is_string() &&
         !message.at("text").get<std::string>().empty();
}

void expect_physical_location(const ordered_json& location) {
  const std::string uri = location.at("artifactLocation").at("uri").get<std::string>();
  EXPECT_TRUE(std::regex_match(uri, std::regex("([A-Za-z0-9._~/-]|%[0-9A-F]{2})+"))) << uri;
  const auto& region = location.at("region");
  EXPECT_GE(region.at("startLine").get<int>(), 1);
  EXPECT_GE(region.at("startColumn").get<int>(), 1);
}

TEST(Sarif, HasTheRequiredPropertiesOfALog) {
  const ordered_json log = sarif(linted(all_checks()), all_checks(), "1.2.3");
  EXPECT_EQ(log.at("version"), "2.1.0");
  EXPECT_TRUE(log.at("$schema").get<std::string>().ends_with("sarif-2.1.0.json"));
  ASSERT_TRUE(log.at("runs").is_array());
  ASSERT_EQ(log.at("runs").size(), 1U);
  const auto& run = log.at("runs").at(0);
  EXPECT_EQ(run.at("tool").at("driver").at("name"), "vpcwall");
  EXPECT_EQ(run.at("tool").at("driver").at("version"), "1.2.3");
  EXPECT_TRUE(run.at("results").is_array());
}

TEST(Sarif, DescribesEveryCheckAsARule) {
  const ordered_json log = sarif({}, all_checks(), "1");
  const auto& rules = log.at("runs").at(0).at("tool").at("driver").at("rules");
  ASSERT_TRUE(rules.is_array());
  std::set<std::string> ids;
  for (const auto& rule : rules) {
    EXPECT_TRUE(ids.insert(rule.at("id").get<std::string>()).second) << rule;
    EXPECT_TRUE(is_text(rule.at("shortDescription"))) << rule;
    EXPECT_TRUE(is_text(rule.at("fullDescription"))) << rule;
    EXPECT_TRUE(is_text(rule.at("help"))) << rule;
    const std::string level = rule.at("defaultConfiguration").at("level");
    EXPECT_TRUE(level == "error" || level == "warning" || level == "note") << rule;
    ASSERT_TRUE(rule.at("properties").at("tags").is_array()) << rule;
    for (const auto& tag : rule.at("properties").at("tags")) EXPECT_TRUE(tag.is_string()) << rule;
  }
  for (const Check& check : checks())
    EXPECT_EQ(ids.contains(std::string(check.id)), check.is_answerable()) << check.id;
  EXPECT_EQ(log.at("runs").at(0).at("results"), ordered_json::array());
}

TEST(Sarif, ResultsPointAtTheirRuleAndTheirPlace) {
  const ordered_json log = sarif(linted(all_checks()), all_checks(), "1");
  const auto& run = log.at("runs").at(0);
  const auto& rules = run.at("tool").at("driver").at("rules");
  ASSERT_GT(run.at("results").size(), 3U);
  std::set<std::string> fingerprints;
  for (const auto& result : run.at("results")) {
    EXPECT_EQ(rules.at(result.at("ruleIndex").get<std::size_t>()).at("id"), result.at("ruleId"));
    EXPECT_TRUE(is_text(result.at("message"))) << result;
    const std::string level = result.at("level");
    EXPECT_TRUE(level == "error" || level == "warning" || level == "note") << result;
    ASSERT_TRUE(result.at("locations").is_array());
    ASSERT_EQ(result.at("locations").size(), 1U);
    expect_physical_location(result.at("locations").at(0).at("physicalLocation"));
    for (const auto& logical : result.at("locations").at(0).at("logicalLocations"))
      EXPECT_FALSE(logical.at("fullyQualifiedName").get<std::string>().empty());
    for (const auto& [name, value] : result.at("partialFingerprints").items()) {
      EXPECT_TRUE(value.is_string());
      EXPECT_TRUE(fingerprints.insert(value.get<std::string>()).second) << value;
    }
  }
}

TEST(Sarif, CarriesSuppressionsWithTheirReasons) {
  const ordered_json log = sarif(linted(all_checks()), all_checks(), "1");
  std::size_t suppressed = 0;
  for (const auto& result : log.at("runs").at(0).at("results")) {
    const auto& suppressions = result.at("suppressions");
    ASSERT_TRUE(suppressions.is_array());
    if (suppressions.empty()) continue;
    ++suppressed;
    EXPECT_EQ(result.at("ruleId"), "EC2.13");
    EXPECT_EQ(suppressions.at(0).at("kind"), "inSource");
    EXPECT_EQ(suppressions.at(0).at("justification"), "a \"honeypot\"");
    expect_physical_location(suppressions.at(0).at("location").at("physicalLocation"));
  }
  EXPECT_EQ(suppressed, 1U);
}

TEST(Sarif, TurnsSeveritiesIntoLevels) {
  const ordered_json log = sarif({}, all_checks(), "1");
  const std::map<std::string, std::string> expected{
      {"EC2.19", "error"}, {"VW004", "error"}, {"VW001", "warning"}, {"VW003", "note"}, {"VW014", "note"}};
  std::map<std::string, std::string> levels;
  for (const auto& rule : log.at("runs").at(0).at("tool").at("driver").at("rules"))
    levels[rule.at("id")] = rule.at("defaultConfiguration").at("level");
  for (const auto& [id, level] : expected) EXPECT_EQ(levels[id], level) << id;
}

TEST(FindingsJson, SaysEverythingOfAFinding) {
  const ordered_json json = findings_json(linted({find_check("EC2.13"), find_check("EC2.19")}));
  EXPECT_EQ(json.at("schema"), "vpcwall/lint/1");
  ASSERT_EQ(json.at("files").size(), 1U);
  const auto& findings = json.at("files").at(0).at("findings");
  ASSERT_EQ(findings.size(), 2U);
  const auto& first = findings.at(0);
  EXPECT_EQ(first.at("check"), "EC2.19");
  EXPECT_EQ(first.at("severity"), "critical");
  EXPECT_EQ(first.at("line"), 6);
  EXPECT_EQ(first.at("column"), 9);
  EXPECT_EQ(first.at("object").at("kind"), "security group");
  EXPECT_EQ(first.at("object").at("name"), "web");
  EXPECT_TRUE(first.at("object").at("rule").get<std::string>().starts_with("sgr-"));
  EXPECT_EQ(first.at("object").at("says"), "ingress tcp 22 from 0.0.0.0/0");
  EXPECT_EQ(first.at("message"), "lets 0.0.0.0/0 in to port 22");
  EXPECT_TRUE(first.at("suppressed").is_null());
  EXPECT_EQ(findings.at(1).at("suppressed").at("reason"), "a \"honeypot\"");
  EXPECT_EQ(json.at("summary").at("critical"), 1);
  EXPECT_EQ(json.at("summary").at("high"), 0);
  EXPECT_EQ(json.at("summary").at("suppressed"), 1);
}

TEST(ChecksJson, SaysWhichChecksAreNotApplicableAndWhy) {
  const ordered_json json = checks_json(all_checks());
  EXPECT_EQ(json.at("schema"), "vpcwall/lint-checks/1");
  ASSERT_EQ(json.at("checks").size(), checks().size());
  for (const auto& check : json.at("checks"))
    EXPECT_TRUE(check.contains(check.at("applicable").get<bool>() ? "help" : "reason")) << check;
}

}  // namespace
}  // namespace vpcwall

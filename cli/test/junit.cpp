#include "cli/test/junit.h"

#include <algorithm>
#include <filesystem>
#include <pugixml.hpp>

#include "scenario/report.h"

namespace vpcwall {
namespace {

// XML has no way to write a control character, not even escaped; YAML has.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t'; }, '?');
  return text;
}

void set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(printable(value).c_str());
}
void set(pugi::xml_node node, const char* name, std::size_t value) {
  node.append_attribute(name).set_value(static_cast<unsigned long long>(value));
}

// CI systems make a tree of it at its dots: "nft.fast-path-off.tests.web" of tests/web.yaml.
std::string class_name(const SuiteResult& suite) {
  std::string text = suite.variant;
  for (std::size_t at = text.find(", "); at != std::string::npos; at = text.find(", "))
    text.replace(at, 2, ".");
  std::replace(text.begin(), text.end(), ' ', '-');
  const auto path = std::filesystem::path(suite.file).replace_extension();
  for (const std::filesystem::path& part : path) {
    std::string word = part.string();
    if (word == "/" || word == "." || word == "..") continue;
    std::replace(word.begin(), word.end(), '.', '-');
    text += (text.empty() ? "" : ".") + word;
  }
  return text;
}

struct Totals {
  std::size_t tests = 0, failures = 0, skipped = 0;
  std::optional<std::chrono::duration<double>> duration;

  Totals& operator+=(const Totals& other) {
    tests += other.tests;
    failures += other.failures;
    skipped += other.skipped;
    if (other.duration) duration = duration.value_or(std::chrono::duration<double>{}) + *other.duration;
    return *this;
  }
};

Totals totals_of(const SuiteResult& suite) {
  Totals totals;
  for (const CaseResult& one : suite.cases)
    totals += {1, one.outcome.passed() ? 0U : 1U, one.skipped.empty() ? 0U : 1U, one.duration};
  return totals;
}

void set_time(pugi::xml_node node, const std::optional<std::chrono::duration<double>>& duration) {
  if (duration) node.append_attribute("time").set_value(duration->count(), 6);
}

void set_totals(pugi::xml_node node, const Totals& totals) {
  set(node, "tests", totals.tests);
  set(node, "failures", totals.failures);
  set(node, "errors", std::size_t{0});
  set(node, "skipped", totals.skipped);
  set_time(node, totals.duration);
}

// Where the first step stands that is not as expected, what differs, and how many more there are.
std::string message_of(const CaseResult& result, const std::string& file) {
  const std::vector<StepOutcome>& steps = result.outcome.steps;
  const auto is_wrong = [](const StepOutcome& step) { return !step.passed; };
  const auto first = std::find_if(steps.begin(), steps.end(), is_wrong);
  const auto index = static_cast<std::size_t>(first - steps.begin());
  const ScenarioStep& step = result.scenario->steps.at(index);
  std::string text = file + ':' + std::to_string(step.at.line) + ':' + std::to_string(step.at.column) +
                     ": step " + std::to_string(index + 1) + ": " + step.text + ": " + first->difference;
  const auto wrong = std::count_if(first, steps.end(), is_wrong);
  if (wrong > 1) text += " (and " + std::to_string(wrong - 1) + " more)";
  return text;
}

void add_failure(pugi::xml_node node, const CaseResult& result, const std::string& file) {
  pugi::xml_node failure = node.append_child("failure");
  set(failure, "message", message_of(result, file));
  set(failure, "type", "expectation");
  failure.text().set(printable(failure_text(*result.scenario, result.outcome, file)).c_str());
}

void add_not_sent(pugi::xml_node node, const CaseResult& result) {
  std::string text;
  for (std::size_t i = 0; i < result.outcome.steps.size(); ++i)
    if (const std::string& why = result.outcome.steps[i].not_sent; !why.empty())
      text += "step " + std::to_string(i + 1) + " not sent: " + why + '\n';
  if (!text.empty()) node.append_child("system-out").text().set(printable(text).c_str());
}

void add_case(pugi::xml_node suite, const CaseResult& result, const SuiteResult& of) {
  pugi::xml_node node = suite.append_child("testcase");
  set(node, "name", name_of(*result.scenario));
  set(node, "classname", class_name(of));
  set(node, "file", of.file);
  set(node, "line", std::size_t{result.scenario->at.line});
  set_time(node, result.duration);
  if (!result.skipped.empty()) set(node.append_child("skipped"), "message", result.skipped);
  if (!result.outcome.passed()) add_failure(node, result, of.file);
  add_not_sent(node, result);
}

}  // namespace

void write_junit(const std::vector<SuiteResult>& suites, std::ostream& output) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  set(declaration, "version", "1.0");
  set(declaration, "encoding", "UTF-8");
  pugi::xml_node root = document.append_child("testsuites");
  set(root, "name", "vpcwall test");
  Totals all;
  for (const SuiteResult& suite : suites) all += totals_of(suite);
  set_totals(root, all);
  for (const SuiteResult& suite : suites) {
    pugi::xml_node node = root.append_child("testsuite");
    set(node, "name", name_of(suite));
    set(node, "file", suite.file);
    set_totals(node, totals_of(suite));
    for (const CaseResult& result : suite.cases) add_case(node, result, suite);
  }
  document.save(output, "  ", pugi::format_default, pugi::encoding_utf8);
}

}  // namespace vpcwall

#include "cli/test/tap.h"

#include <algorithm>
#include <ostream>

#include "scenario/report.h"

namespace vpcwall {
namespace {

// A `#` begins a directive, a backslash escapes one, a line end ends the test.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '#' || c == '\\') result += '\\';
    result += c == '\n' || c == '\r' ? ' ' : c;
  }
  return result;
}

// JSON is YAML.
std::string yaml(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void write_failures(std::ostream& output, const SuiteResult& suite, const CaseResult& result) {
  const std::vector<StepOutcome>& steps = result.outcome.steps;
  const auto failed =
      std::find_if(steps.begin(), steps.end(), [](const StepOutcome& step) { return !step.passed; });
  const ScenarioStep& first = result.scenario->steps.at(static_cast<std::size_t>(failed - steps.begin()));
  output << "  ---\n"
         << "  message: " << yaml(first.text + ": " + failed->difference) << '\n'
         << "  severity: fail\n"
         << "  at:\n"
         << "    file: " << yaml(suite.file) << '\n'
         << "    line: " << first.at.line << '\n'
         << "    column: " << first.at.column << '\n'
         << "  failures:\n";
  const nlohmann::ordered_json report = to_json(*result.scenario, result.outcome);
  for (const nlohmann::ordered_json& failure : report.at("failures"))
    output << "    - " << yaml(failure) << '\n';
  output << "  ...\n";
}

}  // namespace

TapWriter::TapWriter(std::ostream& output) : output_(output) { output_ << "TAP version 14\n"; }

void TapWriter::add(const SuiteResult& suite, const CaseResult& result) {
  const bool passed = result.outcome.passed();
  output_ << (passed ? "ok " : "not ok ") << ++cases_ << " - "
          << escaped(name_of(suite) + ": " + name_of(*result.scenario));
  if (!result.skipped.empty()) output_ << " # SKIP " << escaped(result.skipped);
  output_ << '\n';
  if (!passed) write_failures(output_, suite, result);
  for (std::size_t i = 0; i < result.outcome.steps.size(); ++i)
    if (const std::string& why = result.outcome.steps[i].not_sent; !why.empty())
      comment("step " + std::to_string(i + 1) + " not sent: " + why);
  output_.flush();
}

void TapWriter::comment(const std::string& text) {
  std::string line = text;
  std::replace(line.begin(), line.end(), '\n', ' ');
  output_ << "# " << line << '\n';
}

void TapWriter::finish() { output_ << "1.." << cases_ << '\n'; }

}  // namespace vpcwall

// vpcwall lint POLICY…: what is questionable in a policy, as text, JSON or SARIF.
#include "lint/lint.h"

#include <unistd.h>

#include <array>
#include <iostream>
#include <memory>

#include "cli/files/input_file.h"
#include "cli/files/policy_file.h"
#include "cli/verbs.h"
#include "lint/report_json.h"
#include "lint/report_text.h"
#include "lint/sarif.h"
#include "lint/suppressions.h"

namespace vpcwall {
namespace {

struct LintVerbOptions {
  std::vector<std::string> files;
  std::vector<std::string> only, skip, parameters;
  std::string settings;  // the daemon's; empty: not known
  std::string severity = "info";
  std::string format = "text";
  bool json = false;
  bool list = false;
};

constexpr std::array severities{"info", "low", "medium", "high", "critical"};

CheckSeverity threshold_of(const std::string& word) {
  std::size_t place = 0;
  while (place + 1 < severities.size() && word != severities.at(place)) ++place;
  return static_cast<CheckSeverity>(place);
}

LintOptions options_of(const LintVerbOptions& options) {
  LintOptions result;
  auto selected = select_checks(options.only, options.skip);
  if (!selected) throw CLI::ValidationError("--only, --skip", selected.error());
  result.checks = std::move(*selected);
  for (const std::string& text : options.parameters)
    if (const auto mistake = result.parameters.set(text)) throw CLI::ValidationError("--parameter", *mistake);
  return result;
}

// False when the daemon's settings cannot be read, and says why.
bool learn_places(const std::string& path, LintOptions& options) {
  if (path.empty()) return true;
  const auto text = read_input_file(path);
  if (!text) {
    print_diagnostics({text.error()}, false);
    return false;
  }
  Reporter reporter(path);
  options.places = read_daemon_places(*text, reporter);
  const std::vector<Diagnostic> mistakes = reporter.take();
  print_diagnostics(mistakes, false);
  return !has_errors(mistakes);
}

// Nothing when the file has a mistake, which is shown.
std::optional<LintedFile> lint_file(const std::string& path, const LintOptions& options,
                                    CheckSeverity threshold) {
  const PolicyFile file = read_policy_file(path);
  print_diagnostics(file.diagnostics, false);
  if (!file.policy) return std::nullopt;
  const auto mistakes = check_suppressions(*file.policy, path);
  print_diagnostics(mistakes, true);
  if (has_errors(mistakes)) return std::nullopt;
  LintedFile linted{path, lint(*file.policy, options)};
  std::erase_if(linted.report.findings,
                [&](const Finding& finding) { return finding.check->severity < threshold; });
  return linted;
}

// A file's name may be any bytes.
std::string text_of(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

int lint_verb(const LintVerbOptions& options) {
  LintOptions lint_options = options_of(options);
  const std::string format = options.json ? "json" : options.format;
  if (options.list) {
    if (format == "json")
      std::cout << text_of(checks_json(lint_options.checks));
    else
      std::cout << checks_text(lint_options.checks);
    return exit_status::ok;
  }
  if (options.files.empty()) throw CLI::RequiredError("POLICY");
  if (!learn_places(options.settings, lint_options)) return exit_status::bad_input;
  const CheckSeverity threshold = threshold_of(options.severity);
  std::vector<LintedFile> files;
  for (const std::string& path : options.files)
    if (auto file = lint_file(path, lint_options, threshold)) files.push_back(std::move(*file));
  std::size_t findings = 0;
  for (const LintedFile& file : files) {
    findings += summarize(file.report).count();
    if (format == "text") std::cout << findings_text(file, ::isatty(STDOUT_FILENO) == 1);
  }
  if (format == "json") std::cout << text_of(findings_json(files));
  if (format == "sarif") std::cout << text_of(sarif(files, lint_options.checks, VPCWALL_VERSION));
  if (files.size() != options.files.size()) return exit_status::bad_input;
  return findings == 0 ? exit_status::ok : exit_status::negative;
}

}  // namespace

void add_lint_verb(CLI::App& app, int& exit_status) {
  auto* verb = app.add_subcommand("lint", "Say what is questionable in policies, by AWS's rules and our own");
  const auto options = std::make_shared<LintVerbOptions>();
  verb->add_option("POLICY", options->files, "Policy files, YAML or JSON")->type_name("FILE");
  verb->add_flag("--list", options->list, "List the checks, also those that a policy file cannot answer");
  verb->add_option("--only", options->only, "Only these checks: ids, names or catalogues, with commas")
      ->delimiter(',')
      ->type_name("CHECK,...")
      ->allow_extra_args(false);
  verb->add_option("--skip", options->skip, "All but these checks")
      ->delimiter(',')
      ->type_name("CHECK,...")
      ->allow_extra_args(false);
  verb->add_option("--severity", options->severity, "Only findings of this severity or above")
      ->check(CLI::IsMember(std::vector<std::string>(severities.begin(), severities.end())))
      ->capture_default_str();
  verb->add_option("--parameter", options->parameters, "A value of a check's parameter; may be given again")
      ->type_name("[CHECK:]NAME=VALUE")
      ->allow_extra_args(false);
  verb->add_option("--settings", options->settings, "The daemon's settings, for checks that need them")
      ->type_name("FILE");
  verb->add_option("--format", options->format, "text, json or sarif")
      ->check(CLI::IsMember({"text", "json", "sarif"}))
      ->capture_default_str();
  verb->add_flag("--json", options->json, "As --format json");
  verb->callback([options, &exit_status] { exit_status = lint_verb(*options); });
}

}  // namespace vpcwall

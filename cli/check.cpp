// vpcwall check FILE…: every mistake of every file, in one run.
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/files/policy_file.h"
#include "cli/verbs.h"
#include "lint/suppressions.h"

namespace vpcwall {
namespace {

struct CheckOptions {
  std::vector<std::string> files;
  bool strict = false;
  bool json = false;
};

nlohmann::ordered_json to_json(const Diagnostic& diagnostic) {
  nlohmann::ordered_json json;
  json["severity"] = diagnostic.severity == Severity::error ? "error" : "warning";
  json["file"] = diagnostic.file;
  json["line"] = diagnostic.at.line;
  json["column"] = diagnostic.at.column;
  json["message"] = diagnostic.message;
  if (!diagnostic.hint.empty()) json["hint"] = diagnostic.hint;
  if (!diagnostic.aws_code.empty()) json["aws_code"] = diagnostic.aws_code;
  return json;
}

std::string plural(std::size_t count, const std::string& word) {
  return std::to_string(count) + ' ' + word + (count == 1 ? "" : "s");
}

int check(const CheckOptions& options) {
  std::size_t errors = 0;
  std::size_t warnings = 0;
  nlohmann::ordered_json report{{"schema", "vpcwall/check/1"}, {"files", nlohmann::ordered_json::array()}};
  for (const std::string& path : options.files) {
    PolicyFile file = read_policy_file(path);
    if (file.policy) {
      for (Diagnostic& mistake : check_suppressions(*file.policy, path))
        file.diagnostics.push_back(std::move(mistake));
      if (has_errors(file.diagnostics)) file.policy.reset();
    }
    const auto of = [&file](Severity severity) {
      return static_cast<std::size_t>(
          std::count_if(file.diagnostics.begin(), file.diagnostics.end(),
                        [severity](const Diagnostic& one) { return one.severity == severity; }));
    };
    errors += of(Severity::error);
    warnings += of(Severity::warning);
    if (options.json) {
      nlohmann::ordered_json entry{{"file", path}, {"valid", file.policy.has_value()}};
      entry["diagnostics"] = nlohmann::ordered_json::array();
      for (const Diagnostic& diagnostic : file.diagnostics)
        entry["diagnostics"].push_back(to_json(diagnostic));
      report["files"].push_back(std::move(entry));
      continue;
    }
    print_diagnostics(file.diagnostics, true);
    std::cout << path << ": ";
    if (file.policy)
      std::cout << "ok, " << plural(file.policy->interfaces.size(), "interface") << ", "
                << plural(file.policy->security_groups.size(), "security group") << ", "
                << plural(file.policy->network_acls.size(), "network ACL");
    else
      std::cout << plural(of(Severity::error), "error");
    if (of(Severity::warning) > 0) std::cout << ", " << plural(of(Severity::warning), "warning");
    std::cout << '\n';
  }
  if (options.json) std::cout << report.dump(2) << '\n';
  if (errors > 0) return exit_status::bad_input;
  return options.strict && warnings > 0 ? exit_status::negative : exit_status::ok;
}

}  // namespace

void add_check_verb(CLI::App& app, int& exit_status) {
  auto* verb =
      app.add_subcommand("check", "Validate policy files: every mistake, with file, line and column");
  const auto options = std::make_shared<CheckOptions>();
  verb->add_option("FILE", options->files, "Policy files, YAML or JSON")->type_name("FILE")->required();
  verb->add_flag("--strict", options->strict, "Warnings fail too (exit status 1)");
  verb->add_flag("--json", options->json, "Print the diagnostics as JSON");
  verb->callback([options, &exit_status] { exit_status = check(*options); });
}

}  // namespace vpcwall

// vpcwall diff BEFORE AFTER: what was written differently, and whose verdict changes.
#include <unistd.h>

#include <iostream>
#include <memory>
#include <optional>

#include "cli/policy_file.h"
#include "cli/traffic_options.h"
#include "cli/verbs.h"
#include "policy/policy_diff.h"
#include "reach/difference.h"
#include "reach/difference_report.h"

namespace vpcwall {
namespace {

struct DiffVerbOptions {
  std::string before, after;
  TrafficOptions traffic;
  bool everything = false, text_only = false, semantic_only = false, json = false;
};

DifferenceOptions difference_options(const DiffVerbOptions& options) {
  DifferenceOptions asked;
  asked.client_ports = options.traffic.client_ports();
  asked.from = options.traffic.from;
  asked.to = options.traffic.to;
  asked.protocol = options.traffic.wanted_protocol();
  return asked;
}

int diff_verb(const DiffVerbOptions& options) {
  const DifferenceOptions asked = difference_options(options);
  const PolicyFile before = read_policy_file(options.before);
  const PolicyFile after = read_policy_file(options.after);
  print_diagnostics(before.diagnostics, false);
  print_diagnostics(after.diagnostics, false);
  if (!before.policy || !after.policy) return exit_status::bad_input;

  std::optional<std::vector<PolicyChange>> rules;
  if (!options.semantic_only) rules = diff_policies(*before.policy, *after.policy);
  std::optional<TrafficDifference> traffic;
  if (!options.text_only) {
    auto found = find_difference(*before.policy, *after.policy, asked);
    if (!found) {
      std::cerr << "vpcwall: " << options.before << ", " << options.after << ": " << found.error() << '\n';
      return exit_status::bad_input;
    }
    traffic = std::move(*found);
  }
  const DifferenceReport report{rules ? &*rules : nullptr, traffic ? &*traffic : nullptr, options.everything};
  const ComparedFiles files{options.before, options.after};
  if (options.json)
    std::cout << to_json(report, files).dump(2) << '\n';
  else
    std::cout << difference_text(report, files, ::isatty(STDOUT_FILENO) == 1);
  return report.is_empty() ? exit_status::ok : exit_status::negative;
}

}  // namespace

void add_diff_verb(CLI::App& app, int& exit_status) {
  auto* verb = app.add_subcommand("diff", "Compare two policies: their rules, and whose verdict changes");
  const auto options = std::make_shared<DiffVerbOptions>();
  verb->add_option("BEFORE", options->before, "Policy file")->required();
  verb->add_option("AFTER", options->after, "The policy that would take its place")->required();
  options->traffic.add_to(*verb);
  verb->add_flag("--all", options->everything,
                 "Also addresses of the VPC that no interface has, AWS's services, loopback, multicast");
  auto* text =
      verb->add_flag("--text-only", options->text_only, "Compare what is written, not what it means");
  verb->add_flag("--semantic-only", options->semantic_only, "Compare verdicts, not what is written")
      ->excludes(text);
  verb->add_flag("--json", options->json, "Print JSON");
  verb->callback([options, &exit_status] { exit_status = diff_verb(*options); });
}

}  // namespace vpcwall

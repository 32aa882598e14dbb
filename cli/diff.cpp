// vpcwall diff BEFORE AFTER: what was written differently, and whose verdict changes.
#include <memory>

#include "cli/files/policy_file.h"
#include "cli/policy_comparison.h"
#include "cli/traffic_options.h"
#include "cli/verbs.h"

namespace vpcwall {
namespace {

struct DiffVerbOptions {
  std::string before, after;
  TrafficOptions traffic;
  ComparisonOptions comparison;
};

int diff_verb(DiffVerbOptions& options) {
  DifferenceOptions& asked = options.comparison.asked;
  asked.client_ports = options.traffic.client_ports();
  asked.from = options.traffic.from;
  asked.to = options.traffic.to;
  asked.protocol = options.traffic.wanted_protocol();
  const PolicyFile before = read_policy_file(options.before);
  const PolicyFile after = read_policy_file(options.after);
  print_diagnostics(before.diagnostics, false);
  print_diagnostics(after.diagnostics, false);
  if (!before.policy || !after.policy) return exit_status::bad_input;
  return print_comparison(*before.policy, *after.policy, {options.before, options.after}, options.comparison);
}

}  // namespace

void add_diff_verb(CLI::App& app, int& exit_status) {
  auto* verb = app.add_subcommand("diff", "Compare two policies: their rules, and whose verdict changes");
  const auto options = std::make_shared<DiffVerbOptions>();
  verb->add_option("BEFORE", options->before, "Policy file")->type_name("FILE")->required();
  verb->add_option("AFTER", options->after, "The policy that would take its place")
      ->type_name("FILE")
      ->required();
  options->traffic.add_to(*verb);
  verb->add_flag("--all", options->comparison.everything,
                 "Also addresses of the VPC that no interface has, AWS's services, loopback, multicast");
  auto* text = verb->add_flag("--text-only", options->comparison.text_only,
                              "Compare what is written, not what it means");
  verb->add_flag("--semantic-only", options->comparison.semantic_only,
                 "Compare verdicts, not what is written")
      ->excludes(text);
  verb->add_flag("--json", options->comparison.json, "Print JSON");
  verb->callback([options, &exit_status] { exit_status = diff_verb(*options); });
}

}  // namespace vpcwall

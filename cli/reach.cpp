// vpcwall reach POLICY: who can reach whom, on which protocols and ports.
#include "reach/reach.h"

#include <unistd.h>

#include <fstream>
#include <iostream>
#include <memory>

#include "cli/files/policy_file.h"
#include "cli/traffic_options.h"
#include "cli/verbs.h"
#include "reach/reach_picture.h"
#include "reach/reach_report.h"

namespace vpcwall {
namespace {

struct ReachVerbOptions {
  std::string policy, svg;
  TrafficOptions traffic;
  bool everything = false, json = false, dot = false;
};

ReachOptions reach_options(const ReachVerbOptions& options) {
  ReachOptions asked;
  asked.client_ports = options.traffic.client_ports();
  asked.from = options.traffic.from;
  asked.to = options.traffic.to;
  asked.protocol = options.traffic.wanted_protocol();
  asked.everything = options.everything;
  return asked;
}

int reach_verb(const ReachVerbOptions& options) {
  const ReachOptions asked = reach_options(options);
  const PolicyFile file = read_policy_file(options.policy);
  print_diagnostics(file.diagnostics, false);
  if (!file.policy) return exit_status::bad_input;
  const auto reach = find_reach(*file.policy, asked);
  if (!reach) {
    std::cerr << "vpcwall: " << options.policy << ": " << reach.error() << '\n';
    return exit_status::bad_input;
  }
  if (!options.svg.empty()) {
    std::ofstream svg(options.svg, std::ios::binary | std::ios::trunc);
    if (!(svg << reach_svg(*reach) << std::flush)) throw std::runtime_error("cannot write " + options.svg);
  }
  if (options.json)
    std::cout << to_json(*reach, options.policy).dump(2) << '\n';
  else if (options.dot)
    std::cout << reach_dot(*reach);
  else if (options.svg.empty())
    std::cout << reach_text(*reach, ::isatty(STDOUT_FILENO) == 1);
  return exit_status::ok;
}

}  // namespace

void add_reach_verb(CLI::App& app, int& exit_status) {
  auto* verb = app.add_subcommand("reach", "Say who can reach whom, on which protocols and ports");
  const auto options = std::make_shared<ReachVerbOptions>();
  verb->add_option("POLICY", options->policy, "Policy file, YAML or JSON")->type_name("FILE")->required();
  options->traffic.add_to(*verb);
  verb->add_flag("--all", options->everything,
                 "Also addresses of the VPC that no interface has, AWS's services, loopback, multicast");
  auto* json = verb->add_flag("--json", options->json, "Print JSON");
  verb->add_flag("--dot", options->dot, "Print a graph for Graphviz")->excludes(json);
  verb->add_option("--svg", options->svg, "Write a picture to this file")->type_name("FILE");
  verb->callback([options, &exit_status] { exit_status = reach_verb(*options); });
}

}  // namespace vpcwall

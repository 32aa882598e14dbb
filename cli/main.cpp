// vpcwall: arguments to verbs, failures to one line and an exit status.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <iostream>
#include <string>

#include "cli/control/control_client.h"
#include "cli/lab/lab_verbs.h"
#include "cli/standard_output.h"
#include "cli/verbs.h"

namespace vpcwall {
namespace {

// The exit status of a failure. Where 1 is an answer (blocked, a finding, a difference) a script must not
// take a failure for one.
int failure_status(const CLI::App& app) {
  for (const char* verb : {"diff", "explain", "lint", "replay"})
    if (app.got_subcommand(verb)) return exit_status::no_answer;
  const CLI::App* apply = app.get_subcommand("apply");
  const bool only_asks = apply->count("--plan") + apply->count("--shadow") > 0;
  return only_asks ? exit_status::no_answer : exit_status::negative;
}

void add_verbs(CLI::App& app, int& status) {
  app.require_subcommand(0, 1);  // none: said below, so that an unknown verb is called by its name
  app.set_version_flag("--version", VPCWALL_VERSION);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("vpcwall: ") + error.what() + "; see `vpcwall --help`\n";
  });
  add_check_verb(app, status);
  add_diff_verb(app, status);
  add_explain_verb(app, status);
  add_replay_verb(app, status);
  add_lint_verb(app, status);
  add_reach_verb(app, status);
  add_simulate_verb(app, status);
  add_test_verb(app, status);
  add_online_verbs(app, status);
  add_flows_verb(app, status);
  add_change_verbs(app, status);
  add_observe_verb(app, status);
  add_lab_verbs(app, status);
  add_completion_verb(app, status);
}

// Has the verb do its work, which leaves `status`; or prints what the command line asks for, or what is wrong
// with it.
void run(CLI::App& app, int argc, char** argv, int& status) {
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) throw CLI::RequiredError("A verb");
  } catch (const CLI::ParseError& error) {
    status = app.exit(error) == 0 ? exit_status::ok : exit_status::bad_input;
  }
}

}  // namespace
}  // namespace vpcwall

int main(int argc, char** argv) {
  using namespace vpcwall;
  const OutputGuard guard;
  int status = exit_status::ok;
  CLI::App app{"vpcwall: check, explain, simulate and operate AWS VPC firewall policies"};
  add_verbs(app, status);
  try {
    run(app, argc, argv, status);
    flush_standard_output();
  } catch (const NoDaemon& error) {
    std::cerr << "vpcwall: " << error.what() << '\n';
    return exit_status::no_daemon;
  } catch (const std::exception& error) {
    std::cerr << "vpcwall: " << error.what() << '\n';
    return std::max(status, failure_status(app));
  }
  return status;
}

// `vpcwall lab …`: registers the subcommand `lab` and its own subcommands with CLI11.
//
//   lab up POLICY [--name LAB]     lab status [--name LAB]     lab exec [--lab LAB] NAME -- COMMAND…
//   lab down [--name LAB | --all]  lab demo ephemeral-port
//
// The callbacks write to standard output and standard error and set `exit_status`: 0 done, 1 not, 2 the
// policy has errors. They throw nothing. `exit_status` must outlive the parse. `lab exec` becomes the program
// it runs.
#pragma once

#include <CLI/CLI.hpp>

namespace vpcwall {

void add_lab_verbs(CLI::App& app, int& exit_status);

}  // namespace vpcwall

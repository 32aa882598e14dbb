// The verbs of `vpcwall`. Each function adds one subcommand (or a family) to the command line; when the user
// chose it, its callback does the work and leaves the exit status.
//
// Exit statuses are part of the interface: see vpcwall(1).
#pragma once

#include <CLI/CLI.hpp>

namespace vpcwall {

namespace exit_status {
inline constexpr int ok = 0;
inline constexpr int negative = 1;   // blocked, refused, warnings under --strict; also a failure
inline constexpr int bad_input = 2;  // usage, unreadable or wrong files
inline constexpr int no_answer = 2;  // a failure of a verb whose 1 is an answer
inline constexpr int no_daemon = 3;
}  // namespace exit_status

void add_check_verb(CLI::App& app, int& exit_status);
void add_diff_verb(CLI::App& app, int& exit_status);
void add_explain_verb(CLI::App& app, int& exit_status);
void add_replay_verb(CLI::App& app, int& exit_status);
void add_lint_verb(CLI::App& app, int& exit_status);
void add_reach_verb(CLI::App& app, int& exit_status);
void add_simulate_verb(CLI::App& app, int& exit_status);
void add_test_verb(CLI::App& app, int& exit_status);
void add_online_verbs(CLI::App& app, int& exit_status);  // status, rules
void add_flows_verb(CLI::App& app, int& exit_status);
void add_change_verbs(CLI::App& app, int& exit_status);  // reload, apply, confirm, rollback, history
void add_observe_verb(CLI::App& app, int& exit_status);
void add_completion_verb(CLI::App& app, int& exit_status);

}  // namespace vpcwall

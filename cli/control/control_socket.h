// Which daemon an online verb talks to: --socket PATH, or --lab NAME for the daemon of a lab.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace vpcwall {

// Adds both options; `path` holds the answer when the verb's callback runs. Unless given: the environment
// variable VPCWALL_SOCKET, or /run/vpcwall/control.sock.
void add_socket_options(CLI::App& verb, std::string& path);

}  // namespace vpcwall

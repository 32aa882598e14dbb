#include "cli/control/control_socket.h"

#include <cstdlib>

#include "cli/lab/lab_record.h"

namespace vpcwall {

void add_socket_options(CLI::App& verb, std::string& path) {
  const char* named = std::getenv("VPCWALL_SOCKET");  // NOLINT: the command has one thread
  path = named != nullptr ? named : "/run/vpcwall/control.sock";
  auto* socket = verb.add_option("--socket", path, "Control socket of the daemon")
                     ->type_name("FILE")
                     ->capture_default_str();
  verb.add_option_function<std::string>(
          "--lab", [&path](const std::string& lab) { path = lab_paths(lab).control_socket; },
          "Ask the daemon of this lab")
      ->excludes(socket);
}

}  // namespace vpcwall

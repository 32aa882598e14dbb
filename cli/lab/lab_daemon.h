// The vpcwalld of one lab: its settings, its start inside the router's namespace, its end.
#pragma once

#include <string>
#include <vector>

#include "cli/lab/lab_record.h"
#include "cli/lab/plan.h"

namespace vpcwall {

// The settings that a lab lets one choose; the words are those of daemon.yaml.
struct LabDaemonSettings {
  std::string fail_mode = "closed";  // closed, open
  std::string backend = "auto";      // auto, nft, xt
  std::string log_level = "info";
  std::string mode = "router";     // router, host
  std::string fast_path = "auto";  // auto, off, required
  unsigned queues = 0;             // 0: as many as the daemon thinks right
  std::string uplink, services;    // the router's devices to the internet and to the services; or none
};

// daemon.yaml, as text.
[[nodiscard]] std::string daemon_settings_text(const LabPlan& plan, const std::string& policy,
                                               const std::string& control_socket,
                                               const LabDaemonSettings& settings);

// Beside this program, as built or as installed, otherwise in PATH. Throws std::runtime_error if there is
// none.
[[nodiscard]] std::string find_daemon();

// Starts it, with these arguments besides its settings, and waits until it answers on its control socket. If
// it ends or does not answer in time: stops it and throws std::runtime_error with the last lines of its log.
void start_daemon(const LabRecord& record, const std::vector<std::string>& arguments = {});

// SIGTERM, and SIGKILL if that does not help. Nothing to do if it is gone.
void stop_daemon(const LabPaths& paths);

}  // namespace vpcwall

// LabRecord: what is known about a lab, and where it is kept: one directory per lab below the lab root,
// /run/vpcwall-lab unless the environment variable VPCWALL_LAB_DIR names another.
//
//   lab.json       this record; written before the first namespace is made, so a lab that was interrupted
//   half way
//                  can be taken down
//   daemon.yaml    the settings of the lab's vpcwalld        vpcwalld.pid   pid and start time
//   policy.yaml    only of a demo: its own policy            vpcwalld.log   what vpcwalld said
//   control.sock   the control socket
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/lab/plan.h"
#include "cli/lab/process.h"
#include "cli/owned_descriptor.h"

namespace vpcwall {

struct LabPaths {
  std::string directory, record, policy, daemon_settings, pid_file, log, control_socket;
};

struct LabRecord {
  LabPlan plan;
  std::string policy;   // absolute path
  std::string program;  // the vpcwalld that was started
  std::string created;  // UTC, ISO 8601
};

[[nodiscard]] std::string lab_root();
[[nodiscard]] LabPaths lab_paths(const std::string& name);

// "schema": "vpcwall/lab/1". What does not read back as a record is no record.
[[nodiscard]] nlohmann::ordered_json to_json(const LabRecord& record);
[[nodiscard]] std::optional<LabRecord> lab_record_from_json(const nlohmann::json& document);

void write_record(const LabRecord& record);
[[nodiscard]] std::optional<LabRecord> read_record(const std::string& name);
[[nodiscard]] std::vector<std::string> recorded_labs();  // every lab that has a directory, sorted

[[nodiscard]] std::optional<ProcessIdentity> read_pid_file(const std::string& path);

// Whole or not at all: written beside the file and renamed over it. Throws std::system_error.
void write_whole_file(const std::string& path, std::string_view text);
[[nodiscard]] std::optional<std::string> read_whole_file(const std::string& path);

// Makes the lab root and holds it alone while the descriptor lives: one lab is made or removed at a time.
[[nodiscard]] OwnedDescriptor lock_labs();

}  // namespace vpcwall

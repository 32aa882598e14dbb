// What `lab status` and the end of `lab up` say about one lab: as a value, as text, as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/lab/lab_record.h"

namespace vpcwall {

struct LabStatus {
  std::string name;
  bool complete = false;  // recorded, and every namespace exists
  bool daemon_alive = false;
  pid_t daemon_pid = 0;  // 0: never started
  LabRecord record;      // empty when there is none to read
  LabPaths paths;
};

[[nodiscard]] LabStatus lab_status(const std::string& name);
[[nodiscard]] std::string to_text(const LabStatus& status);
[[nodiscard]] nlohmann::ordered_json to_json(const LabStatus& status);

}  // namespace vpcwall

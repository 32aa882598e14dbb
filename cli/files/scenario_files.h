// The scenario files that the user named: files as they are, and every .yaml file below a directory, in the
// order of their paths.
#pragma once

#include <string>
#include <vector>

#include "scenario/scenario_reader.h"

namespace vpcwall {

// Throws std::runtime_error for a directory without scenario files.
[[nodiscard]] std::vector<std::string> find_scenario_files(const std::vector<std::string>& paths);

// A policy that the file names is looked for beside it. An unreadable file is a diagnostic.
[[nodiscard]] LoadedScenarios read_scenario_file(const std::string& path);

}  // namespace vpcwall

// The scenario files of one `vpcwall test`, read and ready to run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenario/scenario.h"

namespace vpcwall {

struct TestFile {
  std::string path;
  ScenarioFile content;  // its `sources` are paths
};

// Of `paths`, files and folders; `only` the cases with these ids, unless empty. Every mistake of every file
// goes to standard error, and nothing comes back then. Throws what find_scenario_files() does.
[[nodiscard]] std::optional<std::vector<TestFile>> read_test_files(const std::vector<std::string>& paths,
                                                                   const std::vector<std::string>& only);

}  // namespace vpcwall

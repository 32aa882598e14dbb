// YAML (or JSON) text -> scenarios. The format is described in vpcwall-scenario(5).
//
// As strict as load_policy(): every mistake of the text is in one list, each with its position, and if there
// is an error there are no scenarios. A change of configuration that its file expects to be refused is no
// mistake of the file. A file may name its policy's file; how such a file is read is the caller's knowledge.
// Any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "scenario/scenario.h"

namespace vpcwall {

struct LoadedScenarios {
  std::optional<ScenarioFile> file;
  std::vector<Diagnostic> diagnostics;  // errors, and warnings about the scenario text itself
};

// The text of a file that a scenario names, or one sentence about why it cannot be read. `name` is as
// written.
using ReadFile = std::function<Expected<std::string, JsonMistake>(const std::string& name)>;

[[nodiscard]] LoadedScenarios load_scenarios(std::string_view text, const std::string& file_name,
                                             const ReadFile& read_file);

}  // namespace vpcwall

#include "cli/files/scenario_files.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "cli/files/input_file.h"

namespace vpcwall {
namespace fs = std::filesystem;

std::vector<std::string> find_scenario_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> inside;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path))
      if (entry.is_regular_file() && entry.path().extension() == ".yaml" &&
          entry.path().filename() != "lab.yaml")
        inside.push_back(entry.path().string());
    if (inside.empty()) throw std::runtime_error("found no scenario file (*.yaml) in " + path);
    std::sort(inside.begin(), inside.end());
    files.insert(files.end(), inside.begin(), inside.end());
  }
  return files;
}

LoadedScenarios read_scenario_file(const std::string& path) {
  const auto text = read_input_file(path);
  if (!text) return {std::nullopt, {text.error()}};
  const fs::path folder = fs::path(path).parent_path();
  return load_scenarios(
      *text, path, [&folder](const std::string& name) -> Expected<std::string, JsonMistake> {
        auto policy = read_input_file((folder / name).string());
        if (!policy) return Unexpected{JsonMistake{policy.error().file + ' ' + policy.error().message}};
        return std::move(*policy);
      });
}

}  // namespace vpcwall

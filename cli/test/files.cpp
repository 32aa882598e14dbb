#include "cli/test/files.h"

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "cli/files/policy_file.h"
#include "cli/files/scenario_files.h"

namespace vpcwall {
namespace {

// Two scenario files that name one policy in their own words speak of the same rules.
void make_paths(const std::string& path, std::vector<std::string>& sources) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  for (std::string& source : sources)
    source = (&source == &sources.front() ? std::filesystem::path(path) : folder / source)
                 .lexically_normal()
                 .string();
}

// False, and said so, when there is no case of some id.
bool keep_only(const std::vector<std::string>& ids, std::vector<TestFile>& files) {
  std::vector<std::string> missing = ids;
  for (TestFile& file : files)
    std::erase_if(file.content.scenarios, [&](const Scenario& scenario) {
      std::erase(missing, scenario.id);
      return std::find(ids.begin(), ids.end(), scenario.id) == ids.end();
    });
  std::erase_if(files, [](const TestFile& file) { return file.content.scenarios.empty(); });
  for (const std::string& id : missing) std::cerr << "vpcwall: found no case " << id << '\n';
  return missing.empty();
}

}  // namespace

std::optional<std::vector<TestFile>> read_test_files(const std::vector<std::string>& paths,
                                                     const std::vector<std::string>& only) {
  std::vector<TestFile> files;
  bool good = true;
  for (const std::string& path : find_scenario_files(paths)) {
    LoadedScenarios loaded = read_scenario_file(path);
    print_diagnostics(loaded.diagnostics, false);
    good = good && loaded.file;
    if (!loaded.file) continue;
    make_paths(path, loaded.file->sources);
    files.push_back({path, std::move(*loaded.file)});
  }
  if (!good || (!only.empty() && !keep_only(only, files))) return std::nullopt;
  return files;
}

}  // namespace vpcwall

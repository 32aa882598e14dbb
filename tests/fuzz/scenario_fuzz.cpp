// Any text as a scenario file: diagnostics or scenarios; scenarios, written and read again, are the same
// ones, and every one of them can be run.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "scenario/runner.h"
#include "scenario/scenario_reader.h"
#include "scenario/scenario_writer.h"

namespace {

constexpr std::size_t most_steps = 500;  // a run is for correctness here, not for patience

vpcwall::LoadedScenarios load(std::string_view text) {
  return vpcwall::load_scenarios(
      text, "fuzz", [](const std::string& name) -> vpcwall::Expected<std::string, vpcwall::JsonMistake> {
        return vpcwall::Unexpected{vpcwall::JsonMistake{name + " is not there"}};
      });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vpcwall;
  const LoadedScenarios loaded = load(std::string_view(reinterpret_cast<const char*>(data), size));
  if (loaded.file.has_value() == has_errors(loaded.diagnostics)) std::abort();
  if (!loaded.file) return 0;
  const std::string text = emit_scenarios(*loaded.file);
  const LoadedScenarios again = load(text);
  if (!again.file || emit_scenarios(*again.file) != text) std::abort();
  for (const Scenario& scenario : loaded.file->scenarios)
    if (scenario.steps.size() <= most_steps && run_scenario(scenario).steps.size() != scenario.steps.size())
      std::abort();
  return 0;
}
